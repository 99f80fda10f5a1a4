//! The instructions of a pickle that a state dict is written with (protocols 2 to 5), followed on a stack.

use std::format;
use std::rc::Rc;
use std::vec::Vec;

use super::error::TorchError;
use super::values::{Callable, Rebuilt, Storage, Value, Values};

/// Follows a pickle to its end; the value that it makes, and all others.
///
/// Each instruction makes at most one value, and what a value holds was on the stack before: what is made of a pickle is
/// bounded by its length.
pub(super) fn follow(pickle: &[u8]) -> Result<(Value, Values), TorchError> {
    let mut machine = Machine {
        pickle,
        at: 0,
        begun: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        values: Values::default(),
    };
    while !machine.step()? {}
    let made = machine.pop()?;
    Ok((made, machine.values))
}

struct Machine<'a> {
    pickle: &'a [u8],
    at: usize,
    /// Where the instruction began.
    begun: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: Vec<Option<Value>>,
    values: Values,
}

impl<'a> Machine<'a> {
    /// Follows one instruction; whether it was the last.
    fn step(&mut self) -> Result<bool, TorchError> {
        self.begun = self.at;
        let [code] = self.bytes()?;
        match code {
            // PROTO; FRAME, which says how many bytes may be read at once.
            0x80 => drop(self.bytes::<1>()?),
            0x95 => drop(self.bytes::<8>()?),
            // STOP
            b'.' => return Ok(true),
            // NONE, NEWTRUE, NEWFALSE, BINFLOAT
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Other),
            b'G' => {
                self.bytes::<8>()?;
                self.stack.push(Value::Other);
            }
            // BININT, BININT1, BININT2, LONG1
            b'J' => {
                let number = i32::from_le_bytes(self.bytes()?);
                self.stack.push(Value::Whole(number.into()));
            }
            b'K' => {
                let [number] = self.bytes()?;
                self.stack.push(Value::Whole(number.into()));
            }
            b'M' => {
                let number = u16::from_le_bytes(self.bytes()?);
                self.stack.push(Value::Whole(number.into()));
            }
            0x8a => {
                let number = self.long()?;
                self.stack.push(Value::Whole(number));
            }
            // BINUNICODE, SHORT_BINUNICODE
            b'X' => {
                let len = u32::from_le_bytes(self.bytes()?);
                self.text(len as usize)?;
            }
            0x8c => {
                let [len] = self.bytes()?;
                self.text(len.into())?;
            }
            // GLOBAL, STACK_GLOBAL
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (&module, &name) {
                    (Value::Text(module), Value::Text(name)) => self.global(module, name)?,
                    _ => return Err(self.wrong("a name that is no text")),
                }
            }
            // MARK, tuples, lists and dicts
            b'(' => self.marks.push(self.stack.len()),
            b')' | b']' => self.push_row(Vec::new()),
            0x85..=0x87 => {
                let row = self.take(self.stack.len().checked_sub(usize::from(code - 0x84)))?;
                self.push_row(row);
            }
            b't' => {
                let row = self.take_marked()?;
                self.push_row(row);
            }
            b'}' => self.push_dict(),
            // APPEND, APPENDS, SETITEM, SETITEMS
            b'a' => {
                let item = self.pop()?;
                self.append(Vec::from([item]))?;
            }
            b'e' => {
                let items = self.take_marked()?;
                self.append(items)?;
            }
            b's' => {
                let pair = self.take(self.stack.len().checked_sub(2))?;
                self.set(pair)?;
            }
            b'u' => {
                let pairs = self.take_marked()?;
                self.set(pairs)?;
            }
            // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
            b'q' => {
                let [place] = self.bytes()?;
                self.put(place.into())?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.bytes()?);
                self.put(place as usize)?;
            }
            0x94 => self.put(self.memo.len())?,
            b'h' => {
                let [place] = self.bytes()?;
                self.get(place.into())?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.bytes()?);
                self.get(place as usize)?;
            }
            // BINPERSID, REDUCE, BUILD
            b'Q' => self.storage()?,
            b'R' => self.call()?,
            b'b' => {
                // What a dict of the class has beside its items: the versions of modules.
                let _ = self.pop()?;
                if !matches!(self.stack.last(), Some(Value::Dict(_))) {
                    return Err(self.wrong("what belongs to no dict"));
                }
            }
            _ => return Err(self.wrong("an instruction")),
        }
        Ok(false)
    }

    fn wrong(&self, what: &'static str) -> TorchError {
        TorchError::Instruction {
            what,
            code: self.pickle.get(self.begun).copied(),
            at: self.begun,
        }
    }

    /// The next bytes.
    fn some(&mut self, len: usize) -> Result<&'a [u8], TorchError> {
        let end = self.at.checked_add(len);
        let bytes = end.and_then(|end| self.pickle.get(self.at..end));
        let bytes = bytes.ok_or(TorchError::Instruction {
            what: "it is done",
            code: None,
            at: self.pickle.len(),
        })?;
        self.at += len;
        Ok(bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], TorchError> {
        let bytes = self.some(N)?;
        bytes.try_into().map_err(|_| self.wrong("an instruction"))
    }

    /// The text up to the end of the line.
    fn line(&mut self) -> Result<&'a str, TorchError> {
        let rest = self.pickle.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|&byte| byte == b'\n');
        let line = self.some(len.unwrap_or(rest.len()))?;
        self.some(1)?;
        core::str::from_utf8(line).map_err(|_| self.wrong("a name that is no text"))
    }

    fn text(&mut self, len: usize) -> Result<(), TorchError> {
        let bytes = self.some(len)?;
        let text = core::str::from_utf8(bytes).map_err(|_| self.wrong("a text that is none"))?;
        self.stack.push(Value::Text(Rc::from(text)));
        Ok(())
    }

    /// A whole number of any length that i64 holds, lowest byte first.
    fn long(&mut self) -> Result<i64, TorchError> {
        let [len] = self.bytes()?;
        let bytes = self.some(len.into())?;
        if bytes.len() > size_of::<i64>() {
            return Err(self.wrong("a number beyond 64 bits"));
        }
        let is_negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
        let begin = if is_negative { -1 } else { 0 };
        let all = bytes.iter().rev();
        Ok(all.fold(begin, |number, &byte| number << 8 | i64::from(byte)))
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), TorchError> {
        let global = Values::global(module, name).ok_or_else(|| TorchError::Call {
            name: format!("{module}.{name}"),
        })?;
        self.stack.push(global);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, TorchError> {
        // What lies below a mark is taken with it, never before.
        let floor = self.marks.last().copied().unwrap_or(0);
        let top = self.stack.pop().filter(|_| self.stack.len() >= floor);
        top.ok_or_else(|| self.wrong("nothing where something is due"))
    }

    /// What lies on the stack from a height on.
    fn take(&mut self, from: Option<usize>) -> Result<Vec<Value>, TorchError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match from.filter(|&from| from >= floor && from <= self.stack.len()) {
            Some(from) => Ok(self.stack.split_off(from)),
            None => Err(self.wrong("nothing where something is due")),
        }
    }

    fn take_marked(&mut self) -> Result<Vec<Value>, TorchError> {
        let mark = self.marks.pop();
        self.take(mark)
    }

    fn push_row(&mut self, row: Vec<Value>) {
        self.stack.push(Value::Row(self.values.rows.len()));
        self.values.rows.push(row);
    }

    fn push_dict(&mut self) {
        self.stack.push(Value::Dict(self.values.dicts.len()));
        self.values.dicts.push(Vec::new());
    }

    fn append(&mut self, items: Vec<Value>) -> Result<(), TorchError> {
        let rows = &mut self.values.rows;
        let row = match self.stack.last() {
            Some(&Value::Row(place)) => rows.get_mut(place),
            _ => None,
        };
        match row {
            Some(row) => row.extend(items),
            None => return Err(self.wrong("an item of no list")),
        }
        Ok(())
    }

    fn set(&mut self, pairs: Vec<Value>) -> Result<(), TorchError> {
        let dicts = &mut self.values.dicts;
        let dict = match self.stack.last() {
            Some(&Value::Dict(place)) => dicts.get_mut(place),
            _ => None,
        };
        let Some(dict) = dict else {
            return Err(self.wrong("an item of no dict"));
        };
        let mut pairs = pairs.into_iter();
        while let Some(key) = pairs.next() {
            let Some(value) = pairs.next() else {
                return Err(self.wrong("a key without a value"));
            };
            dict.push((key, value));
        }
        Ok(())
    }

    fn put(&mut self, place: usize) -> Result<(), TorchError> {
        let Some(value) = self.stack.last().cloned() else {
            return Err(self.wrong("nothing where something is due"));
        };
        // Places count up: none is beyond the instructions that there were.
        if place > self.begun {
            return Err(self.wrong("a place of the memo that none has come to"));
        }
        if place >= self.memo.len() {
            self.memo.resize(place + 1, None);
        }
        if let Some(at) = self.memo.get_mut(place) {
            *at = Some(value);
        }
        Ok(())
    }

    fn get(&mut self, place: usize) -> Result<(), TorchError> {
        match self.memo.get(place).cloned().flatten() {
            Some(value) => {
                self.stack.push(value);
                Ok(())
            }
            None => Err(self.wrong("an empty place of the memo")),
        }
    }

    /// A storage by what is said of it: ("storage", type, key, device, numbers).
    fn storage(&mut self) -> Result<(), TorchError> {
        let said = self.pop()?;
        let row = match said {
            Value::Row(place) => self.values.row(place),
            _ => &[],
        };
        let storage = match row {
            [
                Value::Text(kind),
                Value::Type(dtype),
                Value::Text(key),
                Value::Text(_),
                Value::Whole(_),
            ] if **kind == *"storage" => Storage {
                dtype: Rc::clone(dtype),
                key: Rc::clone(key),
            },
            _ => return Err(self.wrong("a storage that is said otherwise")),
        };
        self.stack.push(Value::Storage(self.values.storages.len()));
        self.values.storages.push(storage);
        Ok(())
    }

    /// Whether nothing is said of a tensor's numbers, as that their signs are to be changed.
    fn says_nothing(&self, said: &[Value]) -> bool {
        said.iter().all(|value| match *value {
            Value::Dict(place) => self.values.dict(place).is_empty(),
            Value::Other => true,
            _ => false,
        })
    }

    /// Does what one of the callables would.
    fn call(&mut self) -> Result<(), TorchError> {
        let (arguments, called) = (self.pop()?, self.pop()?);
        let arguments = match arguments {
            Value::Row(place) => self.values.row(place),
            _ => &[],
        };
        let made = match (called, arguments) {
            (Value::Callable(Callable::OrderedDict), []) => {
                self.push_dict();
                return Ok(());
            }
            (
                Value::Callable(Callable::RebuildTensor),
                [
                    Value::Storage(storage),
                    Value::Whole(offset),
                    Value::Row(shape),
                    Value::Row(strides),
                    _,
                    _,
                    said @ ..,
                ],
            ) if self.says_nothing(said) => Rebuilt {
                storage: *storage,
                offset: *offset,
                shape: *shape,
                strides: *strides,
            },
            (Value::Callable(Callable::RebuildParameter), [Value::Tensor(tensor), ..]) => {
                self.stack.push(Value::Tensor(*tensor));
                return Ok(());
            }
            (Value::Callable(_), _) => return Err(self.wrong("a call of other arguments")),
            _ => return Err(self.wrong("a call of what is not to be called")),
        };
        self.stack.push(Value::Tensor(self.values.tensors.len()));
        self.values.tensors.push(made);
        Ok(())
    }
}
