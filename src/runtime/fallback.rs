//! The runtime as the evaluator of constants with operations that [`fold`](crate::weights::fold) lacks.
//!
//! It is asked only where a person named a runtime, is started when it is first needed, on the thread of
//! the work that needs it, and kept. A runtime that can't be used is not tried again.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use super::net::{self, Needs};
use super::process::Answer;
use super::{Choice, Runtime, RuntimeError};
use crate::jobs::Token;
use crate::model::{DType, FormatName, Model, TensorRef};
use crate::values;
use crate::weights::{Evaluator, FoldError, Real};

/// How often somebody who waits for another's work looks whether that is done.
const LOOK: Duration = Duration::from_millis(10);
/// The bytes that the values of a subgraph may take, by the shapes that the file gives them.
const MAX_BYTES: u64 = 4 << 30;

/// A runtime that is started when it is first needed.
#[derive(Debug, Default)]
pub struct OnDemand {
    /// Where it lies, and how often that was said. Never held while somebody works.
    wanted: Mutex<(u64, Choice)>,
    /// What is there, and of which of these places.
    found: Mutex<(u64, Found)>,
}

#[derive(Debug, Default)]
enum Found {
    #[default]
    Nothing,
    Running(Box<Runtime>),
    Unusable(RuntimeError),
}

impl OnDemand {
    /// The runtime at the place that a person named, by option, setting or variable; without one it is off.
    pub fn new(choice: Choice) -> Self {
        Self { wanted: Mutex::new((0, choice)), found: Mutex::default() }
    }

    /// Takes another place for the runtime's, without waiting for what is under way.
    pub fn set(&self, choice: Choice) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        *wanted = (wanted.0 + 1, choice);
    }

    fn wanted(&self) -> (u64, Choice) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self, token: &Token) -> Result<MutexGuard<'_, (u64, Found)>, FoldError> {
        loop {
            match self.found.try_lock() {
                Ok(found) => return Ok(found),
                Err(TryLockError::Poisoned(found)) => return Ok(found.into_inner()),
                Err(TryLockError::WouldBlock) => {
                    token.check()?;
                    thread::park_timeout(LOOK);
                }
            }
        }
    }
}

impl Found {
    fn runtime(&mut self, choice: &Choice, token: &Token) -> Result<&mut Runtime, RuntimeError> {
        if let Self::Nothing = self {
            match Runtime::start(choice, token) {
                Ok(runtime) => *self = Self::Running(Box::new(runtime)),
                Err(error @ RuntimeError::Cancelled(_)) => return Err(error),
                Err(error) => *self = Self::Unusable(error),
            }
        }
        match self {
            Self::Running(runtime) => Ok(runtime),
            Self::Unusable(error) => Err(error.clone()),
            Self::Nothing => Err(RuntimeError::Absent),
        }
    }
}

impl Evaluator for OnDemand {
    fn takes(&self, model: &Model) -> bool {
        model.format == FormatName::OpenvinoIr && model.format_version.parse().is_ok_and(|version: u32| version >= 10)
    }

    fn is_on(&self) -> bool {
        super::find::named(self.wanted().1.named.as_deref()).is_some()
    }

    fn compute(&self, model: &Model, tensor: TensorRef, token: &Token) -> Result<(Real, String), FoldError> {
        let problem = |why: String| FoldError::Problem(why.into());
        let needs = Needs::of(model, tensor).map_err(problem)?;
        if needs.value_bytes(model) > MAX_BYTES {
            return Err(problem("it would take more than 4 GiB".into()));
        }
        let mut found = self.lock(token)?;
        let (number, choice) = self.wanted();
        if found.0 != number {
            *found = (number, Found::Nothing);
        }
        let failed = |error: RuntimeError| match error {
            RuntimeError::Cancelled(cancelled) => FoldError::Cancelled(cancelled),
            error => problem(error.to_string()),
        };
        let runtime = found.1.runtime(&choice, token).map_err(failed)?;
        let mut real = None;
        let answer = runtime.compute(&net::ir(model, &[(tensor, &needs)]), token, |_, output, bytes| {
            let dtype = DType::ALL.iter().copied().find(|dtype| dtype.name() == output.dtype && net::is_plain(*dtype));
            let mut raw = Vec::new();
            bytes.read_to_end(&mut raw)?;
            let shape: Vec<usize> = output.shape.iter().filter_map(|dim| usize::try_from(*dim).ok()).collect();
            let count = shape.iter().try_fold(1usize, |count, dim| count.checked_mul(*dim));
            if let (Some(dtype), Some(count)) = (dtype, count.filter(|_| raw.len() as u64 == output.bytes)) {
                let mut values = vec![0.0; count];
                values::decode_f32(dtype, &raw, 0, &mut values).map_err(std::io::Error::other)?;
                real = Some(Real { shape, values });
            }
            Ok(())
        });
        match (answer.map_err(failed)?, real) {
            (Answer::Refused(words), _) => Err(problem(words)),
            (Answer::Done(()), Some(real)) if is_expected(model, tensor, &real.shape) => Ok((real, runtime.name())),
            (Answer::Done(()), _) => Err(problem("its value is of another shape than the file says".into())),
        }
    }
}

fn is_expected(model: &Model, tensor: TensorRef, shape: &[usize]) -> bool {
    model.tensor(tensor).shape.dims().is_none_or(|expected| expected == shape)
}
