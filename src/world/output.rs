//! The gate before an output: whole lines, without secrets.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use crate::types::Secrets;

/// Where lines go.
pub type Output = Rc<RefCell<dyn Write>>;

/// An output that shows no secret. What is written comes out line by line.
pub fn gated(output: Output, secrets: &Secrets) -> Output {
    Rc::new(RefCell::new(Gate {
        output,
        secrets: secrets.clone(),
        line: Vec::new(),
    }))
}

struct Gate {
    output: Output,
    secrets: Secrets,
    line: Vec<u8>,
}

impl Gate {
    fn pass(&mut self) -> io::Result<()> {
        let line = self.secrets.blot_bytes(std::mem::take(&mut self.line));
        self.output.borrow_mut().write_all(&line)
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if bytes.contains(&b'\n') {
            self.pass()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass()?;
        self.output.borrow_mut().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_written_in_parts_stays_hidden() {
        let secrets = Secrets::default();
        secrets.add("s3cr3t");
        let inner = Rc::new(RefCell::new(Vec::new()));
        let output = gated(inner.clone(), &secrets);
        write!(output.borrow_mut(), "a s3c").unwrap();
        writeln!(output.borrow_mut(), "r3t b").unwrap();
        assert_eq!(inner.borrow().as_slice(), b"a *** b\n");
    }
}
