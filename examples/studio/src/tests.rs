//! The window without a screen: its controls are found by their names, and what they do is compared with the door's.
