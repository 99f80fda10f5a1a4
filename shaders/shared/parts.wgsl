// Where a channel of an image begins, in the first part of a concatenation or in the second: of `all` channels of `plane` numbers
// the first part has `before`.

struct Line {
    at: u32,
    is_second: bool,
}

fn line_in_parts(image: u32, channel: u32, before: u32, all: u32, plane: u32) -> Line {
    let is_second = channel >= before;
    let channels = select(before, all - before, is_second);
    let own = select(channel, channel - before, is_second);
    return Line((image * channels + own) * plane, is_second);
}
