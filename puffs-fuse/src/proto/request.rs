//! Reading requests: nothing is believed that the bytes do not say.

use zerocopy::FromBytes;

use super::wire::{BatchForgetIn, ForgetOne, InHeader};

/// A request: its head and the bytes behind it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'b> {
    /// Who asks for what.
    pub header: InHeader,
    body: &'b [u8],
}

/// A request that does not have the form of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl<'b> Request<'b> {
    /// The request in `bytes`.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut off.
    pub fn read(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let (header, body) = InHeader::read_from_prefix(bytes).map_err(|_| Malformed)?;
        if header.len as usize != bytes.len() {
            return Err(Malformed);
        }
        // Extensions come last and concern nobody here.
        let body = usize::from(header.total_extlen)
            .checked_mul(8)
            .and_then(|ext| body.len().checked_sub(ext))
            .map(|len| &body[..len])
            .ok_or(Malformed)?;
        Ok(Request { header, body })
    }

    /// The fixed part of the request.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut off.
    pub fn fixed<T: FromBytes>(&self) -> Result<T, Malformed> {
        Ok(self.split()?.0)
    }

    /// The fixed part, and the name behind it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn named<T: FromBytes>(&self) -> Result<(T, &'b [u8]), Malformed> {
        let (fixed, rest) = self.split()?;
        Ok((fixed, name(rest)?.0))
    }

    /// The fixed part, the name behind it, and the bytes behind that.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn named_with<T: FromBytes>(&self) -> Result<(T, &'b [u8], &'b [u8]), Malformed> {
        let (fixed, rest) = self.split()?;
        let (name, rest) = name(rest)?;
        Ok((fixed, name, rest))
    }

    /// The fixed part, and two names behind it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn named_twice<T: FromBytes>(&self) -> Result<(T, &'b [u8], &'b [u8]), Malformed> {
        let (fixed, rest) = self.split()?;
        let (first, rest) = name(rest)?;
        Ok((fixed, first, name(rest)?.0))
    }

    /// The nodes of a BATCH_FORGET, behind its fixed part. Those that are not there are left out.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn forgets(&self) -> Result<impl Iterator<Item = ForgetOne> + use<'b>, Malformed> {
        let (batch, rest) = self.split::<BatchForgetIn>()?;
        Ok(rest
            .chunks_exact(size_of::<ForgetOne>())
            .take(batch.count as usize)
            .filter_map(|one| ForgetOne::read_from_bytes(one).ok()))
    }

    fn split<T: FromBytes>(&self) -> Result<(T, &'b [u8]), Malformed> {
        T::read_from_prefix(self.body).map_err(|_| Malformed)
    }
}

/// The bytes up to a NUL, and what is behind it.
fn name(bytes: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let end = bytes.iter().position(|byte| *byte == 0).ok_or(Malformed)?;
    Ok((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::super::wire::*;
    use super::*;
    use zerocopy::IntoBytes;

    fn bytes(body: &[u8], ext: u16) -> Vec<u8> {
        let header = InHeader {
            len: (size_of::<InHeader>() + body.len()) as u32,
            opcode: 1,
            unique: 9,
            total_extlen: ext,
            ..InHeader::default()
        };
        [header.as_bytes(), body].concat()
    }

    #[test]
    fn parts_are_found() {
        let fixed = RenameIn { newdir: 77 };
        let all = bytes(&[fixed.as_bytes(), b"old\0new\0"].concat(), 0);
        let request = Request::read(&all).unwrap();
        assert_eq!(request.header.unique, 9);
        assert_eq!(request.fixed::<RenameIn>(), Ok(fixed));
        assert_eq!(request.named::<RenameIn>(), Ok((fixed, &b"old"[..])));
        assert_eq!(
            request.named_with::<RenameIn>(),
            Ok((fixed, &b"old"[..], &b"new\0"[..]))
        );
        assert_eq!(
            request.named_twice::<RenameIn>(),
            Ok((fixed, &b"old"[..], &b"new"[..]))
        );
    }

    #[test]
    fn what_is_cut_off_is_malformed() {
        let all = bytes(b"name\0", 0);
        assert!(Request::read(&all).is_ok());
        assert!(Request::read(&all[..all.len() - 1]).is_err());
        assert!(Request::read(&all[..39]).is_err());
        let request = |body: &[u8]| Request::read(&bytes(body, 0)).unwrap().fixed::<OpenIn>();
        assert!(request(&[0; 8]).is_ok());
        assert_eq!(request(&[0; 7]), Err(Malformed));
        let all = bytes(b"name", 0);
        let request = Request::read(&all).unwrap();
        assert_eq!(request.named::<[u8; 0]>(), Err(Malformed), "no NUL");
        let all = bytes(b"name\0other", 0);
        let request = Request::read(&all).unwrap();
        assert_eq!(request.named_twice::<[u8; 0]>(), Err(Malformed));
    }

    #[test]
    fn extensions_are_left_out() {
        let all = bytes(b"name\0\0\0\0extended", 1);
        let request = Request::read(&all).unwrap();
        assert_eq!(request.body, b"name\0\0\0\0");
        assert_eq!(Request::read(&bytes(b"name\0", 1)).unwrap_err(), Malformed);
    }

    #[test]
    fn only_forgets_that_are_there_are_read() {
        let one = ForgetOne {
            nodeid: 5,
            nlookup: 6,
        };
        let batch = |count| BatchForgetIn { count, dummy: 0 };
        let body = |count| [batch(count).as_bytes(), one.as_bytes(), one.as_bytes()].concat();
        for (count, expected) in [(0, 0), (1, 1), (2, 2), (3, 2), (u32::MAX, 2)] {
            let all = bytes(&body(count), 0);
            let request = Request::read(&all).unwrap();
            assert_eq!(
                request.forgets().unwrap().collect::<Vec<_>>(),
                vec![one; expected]
            );
        }
    }
}
