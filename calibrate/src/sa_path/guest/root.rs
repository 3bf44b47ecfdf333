//! What a guest sees as its root folder: this program, the libraries that it is linked with, empty folders to mount on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sa_path::error::{Doing, SaPathError};

/// The program in the guest.
const PROGRAM: &str = "espsim";
/// The libraries in the guest.
const LIBRARIES: &str = "lib";

/// A folder with everything that a guest needs to run this program.
pub(super) struct Root {
    pub(super) folder: PathBuf,
    /// The dynamic linker's name in `lib`, unless the program is linked statically.
    linker: Option<String>,
}

impl Root {
    /// Fills `folder`, which must not exist.
    pub(super) fn fill(folder: &Path, program: &Path) -> Result<Self, SaPathError> {
        let libraries = folder.join(LIBRARIES);
        for name in [LIBRARIES, "proc", "sys", "dev", "modules"] {
            fs::create_dir_all(folder.join(name)).doing(format!("make {}", folder.display()))?;
        }
        copy(program, &folder.join(PROGRAM))?;
        let mut linker = None;
        for library in mapped_libraries()? {
            let Some(name) = library.file_name() else { continue };
            copy(&library, &libraries.join(name))?;
            let name = name.to_string_lossy();
            if name.starts_with("ld-linux") || name.starts_with("ld-musl") {
                linker = Some(name.into_owned());
            }
        }
        Ok(Root { folder: folder.to_owned(), linker })
    }

    /// The kernel's parameters that start the program with `arguments`.
    pub(super) fn init(&self, arguments: &[&str]) -> Vec<String> {
        let program = format!("/{PROGRAM}");
        let (init, first) = match &self.linker {
            // Started by name, the dynamic linker needs no path compiled into the program to be there.
            Some(linker) => {
                let path = format!("/{LIBRARIES}/{linker}");
                (path, vec!["--library-path".to_owned(), format!("/{LIBRARIES}"), program])
            }
            None => (program, Vec::new()),
        };
        // `rdinit` for an initial RAM file system, `init` for any other root.
        let mut words = vec![format!("init={init}"), format!("rdinit={init}"), "--".to_owned()];
        words.extend(first);
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        words
    }
}

/// The files that are mapped as code into this process, other than the program itself.
fn mapped_libraries() -> Result<Vec<PathBuf>, SaPathError> {
    let maps = fs::read_to_string("/proc/self/maps").doing("read /proc/self/maps")?;
    let program = std::env::current_exe().doing("find this program")?;
    let mut libraries: Vec<PathBuf> = maps.lines().filter_map(code).map(PathBuf::from).collect();
    libraries.sort();
    libraries.dedup();
    libraries.retain(|path| *path != program && path.is_file());
    Ok(libraries)
}

/// The path in a line of `/proc/PID/maps`, if it is mapped as code (proc_pid_maps(5)).
fn code(line: &str) -> Option<&str> {
    let mut words = line.splitn(6, char::is_whitespace);
    let permissions = words.nth(1)?;
    let path = words.nth(3)?.trim();
    (permissions.contains('x') && path.starts_with('/')).then_some(path)
}

fn copy(from: &Path, to: &Path) -> Result<(), SaPathError> {
    fs::copy(from, to).map(drop).doing(format!("copy {} to {}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_code_is_found() {
        let line = "7f00-7f10 r-xp 00026000 08:01 1234                       /usr/lib/a folder/libc.so.6";
        assert_eq!(code(line), Some("/usr/lib/a folder/libc.so.6"));
        assert_eq!(code("7f00-7f10 r--p 00026000 08:01 1234    /usr/lib/libc.so.6"), None);
        assert_eq!(code("7fff-8000 r-xp 00000000 00:00 0                     [vdso]"), None);
        assert_eq!(code(""), None);
        assert!(mapped_libraries().unwrap().iter().all(|path| path.is_absolute()));
    }
}
