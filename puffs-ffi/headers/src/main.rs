//! Writes include/.
fn main() {}
