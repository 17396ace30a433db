//! What is in a request and in an answer. Both are filled to the last byte with what only this one has, so a
//! byte that is another's is noticed.

/// A request's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// Its number in the ledger.
    pub(crate) token: u64,
    /// Length of its buffer.
    pub(crate) room: usize,
    /// The answer may be longer.
    pub(crate) grow: bool,
    /// Its id is one that several use, so a late answer may meet another request than it was meant for.
    pub(crate) shared: bool,
    /// Buffers that are registered beside it.
    pub(crate) parts: u8,
}

/// The shortest question, and as long as any answer need be.
pub(crate) const SHORTEST: usize = 32;

/// A byte of the sequence that this key alone has.
pub(crate) fn filling(key: u64, at: usize) -> u8 {
    let mixed = (key + at as u64 / 8).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed.to_le_bytes()[at % 8]
}

/// Fills with it, from an offset on.
pub(crate) fn fill(bytes: &mut [u8], from: usize, key: u64) {
    for (at, byte) in bytes.iter_mut().enumerate().skip(from) {
        *byte = filling(key, at);
    }
}

fn filled(bytes: &[u8], from: usize, key: u64) -> bool {
    let mut rest = bytes.iter().enumerate().skip(from);
    rest.all(|(at, byte)| *byte == filling(key, at))
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

const QUESTION_HEAD: usize = 24;

impl Question {
    /// The whole body.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.room];
        bytes[..8].copy_from_slice(&self.token.to_le_bytes());
        bytes[8..16].copy_from_slice(&(self.room as u64).to_le_bytes());
        (bytes[16], bytes[17]) = (self.grow.into(), self.shared.into());
        bytes[18] = self.parts;
        fill(&mut bytes, QUESTION_HEAD, self.token);
        bytes
    }

    /// Reads what was delivered, which may be less than the whole body.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let question = Question {
            token: word(bytes, 0),
            room: word(bytes, 8) as usize,
            grow: bytes[16] != 0,
            shared: bytes[17] != 0,
            parts: bytes[18],
        };
        assert!(
            filled(bytes, QUESTION_HEAD, question.token),
            "the server got bytes that are not of {question:?}"
        );
        question
    }
}

/// An answer's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    /// Its number in the ledger.
    pub(crate) serial: u64,
    /// The question it answers; 0: whichever has this id.
    pub(crate) token: u64,
    /// The result that goes with it.
    pub(crate) rv: i32,
}

/// The shortest answer.
pub(crate) const REPLY_HEAD: usize = 24;

impl Reply {
    /// Fills `bytes` with the answer.
    pub(crate) fn write(&self, bytes: &mut [u8]) {
        bytes[..8].copy_from_slice(&self.serial.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.token.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.rv.to_le_bytes());
        let len = bytes.len() as u32;
        bytes[20..REPLY_HEAD].copy_from_slice(&len.to_le_bytes());
        fill(bytes, REPLY_HEAD, self.serial);
    }

    /// Length of the answer at the head of `bytes`.
    pub(crate) fn len(bytes: &[u8]) -> usize {
        u32::from_le_bytes(bytes[20..REPLY_HEAD].try_into().unwrap()) as usize
    }

    /// Reads a whole answer.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let reply = Reply {
            serial: word(bytes, 0),
            token: word(bytes, 8),
            rv: i32::from_le_bytes(bytes[16..20].try_into().unwrap()),
        };
        assert_eq!(Self::len(bytes), bytes.len(), "{reply:?}");
        assert!(
            filled(bytes, REPLY_HEAD, reply.serial),
            "bytes came that are not of {reply:?}"
        );
        reply
    }
}
