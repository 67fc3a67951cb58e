//! `monkey::function`: an address by a path.
use crate::image::{self, Meaning};
use crate::thread::BypassAll;
use std::fmt;
use std::panic::Location;

/// The address of the function that has this path, for [`patch_at`](crate::patch_at): also of a private one, and of any crate.
///
/// The path is the one where the function is written, and begins with the crate's name: `shop::tax::rate`, `shop::Cart::total`,
/// `<shop::Disk as shop::Store>::put`, `shop::parse::<u32>`. A function that the program has not compiled has no address: generic
/// ones have one for each instance that is used. So has a function of C, by its name alone.
///
/// ```
/// mod tax {
///     fn rate() -> u32 { 19 }
///     pub fn of(price: u32) -> u32 { std::hint::black_box(rate as fn() -> u32)() * price / 100 }
/// }
///
/// fn none() -> u32 { 0 }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = format!("{}::tax::rate", module_path!());
/// # let path = std::any::type_name_of_val(&none).replace("none", "tax::rate");
/// # let found =
/// #   monkey_core::function(&path);
/// # #[cfg(any())]
/// let found = monkey::function("shop::tax::rate");
/// # if cfg!(debug_assertions) {
/// // SAFETY: both take nothing and give a number.
/// let _guard = unsafe { monkey_core::patch_at(found?, none as *const ()) }?;
/// assert_eq!(tax::of(200), 0);
/// # }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where no function, or more than one, has that path: the error names those that are close, or the instances to choose from; and
/// where the program is stripped.
#[track_caller]
pub fn function(path: &str) -> Result<*const (), FunctionError> {
    let _bypass = BypassAll::begin();
    match image::by_path(path) {
        Meaning::One(function) => Ok(function.address as *const ()),
        meaning => Err(FunctionError {
            path: path.to_owned(),
            meaning: Box::new(meaning),
            location: Location::caller(),
        }),
    }
}

/// Why a path names no function.
#[derive(Debug, Clone)]
pub struct FunctionError {
    path: String,
    meaning: Box<Meaning>,
    location: &'static Location<'static>,
}

impl FunctionError {
    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The paths of the functions to choose from, or of those that are close.
    #[must_use]
    pub fn others(&self) -> Vec<&str> {
        match &*self.meaning {
            Meaning::Many(all) | Meaning::OtherInstances(all) => {
                all.iter().map(|one| one.name.as_str()).collect()
            }
            Meaning::Nothing(near) => near.iter().map(String::as_str).collect(),
            Meaning::One(_) | Meaning::Stripped => Vec::new(),
        }
    }

    fn tell_many(&self, f: &mut fmt::Formatter<'_>, all: &[image::Candidate]) -> fmt::Result {
        write!(f, "`{}` is the path of {} functions\n  at {}", self.path, all.len(), self.location)?;
        Self::tell_others(f, all)?;
        if have_one_name(all) {
            f.write_str(
                "\n  help: their names do not tell them apart; build with debug information, or with `-C \
                 symbol-mangling-version=v0`, or take the address of the one that is meant",
            )
        } else {
            write!(f, "\n  help: write the generic arguments as well, such as `{}`", all[0].name)
        }
    }

    fn tell_others(f: &mut fmt::Formatter<'_>, all: &[image::Candidate]) -> fmt::Result {
        all.iter().try_for_each(|one| write!(f, "\n  - {}", one.describe()))
    }

    fn tell_nothing(&self, f: &mut fmt::Formatter<'_>, near: &[String]) -> fmt::Result {
        let Self { path, location, .. } = self;
        write!(f, "the program has no function `{path}`\n  at {location}")?;
        if path.contains("{{") || path.contains('|') {
            return f.write_str(
                "\n  help: closures have no path; name the function that takes it, or that it is written in",
            );
        }
        let root = path.trim_start_matches('<').split("::").next().unwrap_or_default();
        if ["crate", "self", "super"].contains(&root) {
            return write!(f, "\n  help: begin with the crate's name in place of `{root}`");
        }
        if root.contains('-') {
            let name = root.replace('-', "_");
            return write!(f, "\n  help: a crate's name has `_` where its package has `-`: `{name}`");
        }
        match near {
            [] => f.write_str(
                "\n  help: write the path where the function is written, beginning with its crate's name; one that is inlined \
                 everywhere, generic and never used, or left out by the linker has no address",
            ),
            near => write!(f, "\n  help: close to it are `{}`", near.join("`, `")),
        }
    }
}

fn have_one_name(all: &[image::Candidate]) -> bool {
    all.windows(2).all(|pair| pair[0].name == pair[1].name)
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, meaning, location } = self;
        match &**meaning {
            Meaning::Many(all) => self.tell_many(f, all),
            // Names without arguments do not say that the one that is meant is missing.
            Meaning::OtherInstances(all) if all.len() > 1 && have_one_name(all) => self.tell_many(f, all),
            Meaning::OtherInstances(all) => {
                write!(f, "the program has no instance `{path}`\n  at {location}")?;
                Self::tell_others(f, all)?;
                f.write_str("\n  help: name one of these: an instance that nobody calls is not compiled")
            }
            Meaning::Stripped => {
                write!(
                    f,
                    "the program has no names, by which `{path}` could be found: it is stripped\n  at {location}"
                )?;
                if let Some(pdb) = image::missing_pdb() {
                    write!(f, "\n  note: its PDB `{pdb}` is not there, or is of another build")?;
                }
                f.write_str(
                    "\n  help: test with `strip = false` in the profile, or take the function's address",
                )
            }
            Meaning::One(_) => write!(f, "`{path}` was found"),
            Meaning::Nothing(near) => self.tell_nothing(f, near),
        }
    }
}

impl std::error::Error for FunctionError {}
