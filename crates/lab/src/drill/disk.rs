//! A disk of the lab's own, whose power can be cut: an ext4 file system in a file, shut down without flushing, so that what
//! was not synced is gone. It does not model a drive that lies about its cache. It never touches another file system.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{LabError, LabErrorKind};

/// Names a disk in the scratch directory.
const IMAGE: &str = "disk.img";
/// Most that a disk holds; what is not written takes no room.
const BYTES: u64 = 1 << 30;
const UNMOUNT_LIMIT: Duration = Duration::from_secs(10);

/// A mounted disk. It goes with its scratch directory.
#[derive(Debug)]
pub(super) struct Disk {
    image: PathBuf,
    mount: PathBuf,
}

impl Disk {
    /// Makes a disk and mounts it at an empty directory below `root`.
    ///
    /// # Errors
    /// Why that can't be done here, in words for the record.
    pub(super) fn create(root: &Path, mount: &Path) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("mounting a disk of its own needs root".to_owned());
        }
        let image = root.join(IMAGE);
        let file = File::create_new(&image).and_then(|file| file.set_len(BYTES));
        file.map_err(|error| format!("making a disk image: {error}"))?;
        let owner = format!("root_owner={0}:{0},lazy_itable_init=1,lazy_journal_init=1,nodiscard", crate::scratch::server::NOBODY);
        run("mkfs.ext4", &["-q", "-F", "-E", &owner, &image.display().to_string()])?;
        let disk = Self { image, mount: mount.to_owned() };
        disk.attach()?;
        // Servers want an empty directory.
        std::fs::remove_dir(mount.join("lost+found")).map_err(|error| format!("emptying the new disk: {error}"))?;
        Ok(disk)
    }

    fn attach(&self) -> Result<(), String> {
        run("mount", &["-o", "loop", &self.image.display().to_string(), &self.mount.display().to_string()])
    }

    /// Writes everything down.
    pub(super) fn sync(&self) -> std::io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.mount)?)?)
    }

    /// Cuts the power: what was not synced is lost, nothing more reaches the disk.
    pub(super) fn cut(&self) -> std::io::Result<()> {
        shut_down(File::open(&self.mount)?)
    }

    /// Mounts it again after a cut. No process may use it any more.
    pub(super) fn reattach(&mut self) -> Result<(), LabError> {
        let failed = |what: String| LabError::new(LabErrorKind::File, format!("mounting {} again: {what}", self.mount.display()));
        let end = Instant::now() + UNMOUNT_LIMIT;
        while let Err(error) = rustix::mount::unmount(&self.mount, rustix::mount::UnmountFlags::empty()) {
            if Instant::now() > end {
                return Err(failed(std::io::Error::from(error).to_string()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.attach().map_err(failed)
    }
}

/// A number for the shutdown of ext4: `EXT4_IOC_SHUTDOWN` of Linux's fs/ext4/ext4.h, with the flag that flushes no log.
#[allow(unsafe_code, reason = "an ioctl; the kernel reads one u32 behind the pointer and writes nothing")]
fn shut_down(mount: impl AsFd) -> std::io::Result<()> {
    const SHUTDOWN: rustix::ioctl::Opcode = rustix::ioctl::opcode::read::<u32>(b'X', 125);
    const NO_LOG_FLUSH: u32 = 2;
    // SAFETY: the opcode takes a pointer to a u32, which Setter passes and which outlives the call.
    let request = unsafe { rustix::ioctl::Setter::<SHUTDOWN, u32>::new(NO_LOG_FLUSH) };
    // SAFETY: as above; no memory of ours is written.
    unsafe { rustix::ioctl::ioctl(mount, request) }.map_err(std::io::Error::from)
}

/// Runs a program of the system's administration.
fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let places = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
    let path = places.iter().map(|place| Path::new(place).join(program)).find(|path| path.is_file());
    let path = path.ok_or_else(|| format!("{program} is not installed"))?;
    let output = Command::new(path).args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}", said.lines().next().unwrap_or("failed without a word")))
}
