//! The files of a ghost: made as long as the source's without taking disk, and B-trees given the height that the planner
//! charges for. It only touches files below the data directory of a server that the lab started.
//!
//! Layout: bufpage.h, nbtree.h. The planner asks the file for its size and the metapage for the height, and descends a
//! B-tree to the extreme values of a column; an empty leaf below a chain of inner pages makes it fall back to statistics.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::scratch::server::hand_over;

const PAGE_BYTES: usize = 8192;
/// Pages of a segment of a relation's file: 1 GiB.
const SEGMENT_PAGES: u64 = 131_072;
/// Most pages that a relation can have (32 bits, less the invalid number).
const MOST_PAGES: u64 = 4_294_967_294;
/// nbtree.h, BTREE_MAGIC.
const TREE_MAGIC: u32 = 0x053162;
const SPECIAL: usize = PAGE_BYTES - 16;

/// Makes a relation's files as long as so many pages; never shorter than they are, unless told to be empty.
pub fn resize(path: &Path, pages: u64) -> std::io::Result<()> {
    let pages = pages.min(MOST_PAGES);
    for segment in 0..=pages / SEGMENT_PAGES {
        let (own, file) = segment_path(path, segment);
        let wanted = (pages - segment * SEGMENT_PAGES).min(SEGMENT_PAGES) * PAGE_BYTES as u64;
        let opened: File = OpenOptions::new().write(true).create(!own).truncate(false).open(&file)?;
        if wanted > opened.metadata()?.len() {
            opened.set_len(wanted)?;
        }
        if !own {
            hand_over(&file)?;
        }
    }
    Ok(())
}

/// Makes a relation's first file empty: a session that has not opened the others takes the relation for empty.
pub fn empty(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_len(0)
}

fn segment_path(path: &Path, segment: u64) -> (bool, PathBuf) {
    if segment == 0 { (true, path.to_owned()) } else { (false, PathBuf::from(format!("{}.{segment}", path.display()))) }
}

/// The number of the file that takes an index's place, far beyond those that a fresh server gives out.
#[must_use]
pub fn number_with_height(oid: u32) -> u32 {
    oid.wrapping_add(2_000_000_000)
}

/// Makes a file that takes the place of an empty B-tree's, with a height: one page a level, the last an empty leaf. A file of
/// its own, since the server keeps the first page of the old one in memory. Gives its path.
pub fn give_height(path: &Path, oid: u32, levels: u32) -> std::io::Result<PathBuf> {
    let mut page = vec![0_u8; PAGE_BYTES];
    File::open(path)?.read_exact_at(&mut page, 0)?;
    if page.get(24..28) != Some(&TREE_MAGIC.to_le_bytes()) {
        return Err(std::io::Error::other("the file is no B-tree"));
    }
    // Root and fast root with their levels: four numbers behind magic and version.
    for (at, value) in [(32, 1), (36, levels), (40, 1), (44, levels)] {
        page[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
    }
    let place = path.with_file_name(number_with_height(oid).to_string());
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&place)?;
    hand_over(&place)?;
    file.write_all(&page)?;
    for page in 1..=levels + 1 {
        let level = levels + 1 - page;
        file.write_all(&tree_page(page + 1, level, page == 1))?;
    }
    Ok(place)
}

fn tree_page(child: u32, level: u32, root: bool) -> [u8; PAGE_BYTES] {
    let mut page = [0_u8; PAGE_BYTES];
    let leaf = level == 0;
    let (lower, upper) = if leaf { (24_u16, SPECIAL as u16) } else { (28, SPECIAL as u16 - 8) };
    page[12..14].copy_from_slice(&lower.to_le_bytes());
    page[14..16].copy_from_slice(&upper.to_le_bytes());
    page[16..18].copy_from_slice(&(SPECIAL as u16).to_le_bytes());
    page[18..20].copy_from_slice(&(PAGE_BYTES as u16 | 4).to_le_bytes());
    if !leaf {
        // A line pointer: offset in 15 bits, state "normal" in two, length in 15.
        let pointer = u32::from(upper) | 1 << 15 | 8 << 17;
        page[24..28].copy_from_slice(&pointer.to_le_bytes());
        let at = usize::from(upper);
        page[at..at + 2].copy_from_slice(&((child >> 16) as u16).to_le_bytes());
        page[at + 2..at + 4].copy_from_slice(&(child as u16).to_le_bytes());
        // No key (minus infinity), alternative form of the tuple's header.
        page[at + 6..at + 8].copy_from_slice(&(8_u16 | 0x2000).to_le_bytes());
    }
    page[SPECIAL + 8..SPECIAL + 12].copy_from_slice(&level.to_le_bytes());
    let flags = u16::from(leaf) | if root { 2 } else { 0 };
    page[SPECIAL + 12..SPECIAL + 14].copy_from_slice(&flags.to_le_bytes());
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_long_and_take_no_disk() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("1");
        std::fs::write(&path, vec![0_u8; PAGE_BYTES]).unwrap();
        resize(&path, SEGMENT_PAGES + 3).unwrap();
        let length = |name: &str| std::fs::metadata(directory.path().join(name)).unwrap().len();
        assert_eq!((length("1"), length("1.1")), (1 << 30, 3 * PAGE_BYTES as u64));
        let blocks = std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(&path).unwrap());
        assert!(blocks * 512 < 1 << 20, "{blocks}");
        resize(&path, 1).unwrap();
        assert_eq!(length("1"), 1 << 30, "a file is never cut");
    }

    #[test]
    fn a_tree_is_a_chain_of_pages() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("1");
        let mut page = vec![0_u8; PAGE_BYTES];
        std::fs::write(&path, &page).unwrap();
        assert!(give_height(&path, 7, 2).is_err(), "no B-tree");
        page[24..28].copy_from_slice(&TREE_MAGIC.to_le_bytes());
        std::fs::write(&path, &page).unwrap();
        let bytes = std::fs::read(give_height(&path, 7, 2).unwrap()).unwrap();
        assert_eq!(bytes.len(), 4 * PAGE_BYTES);
        let level = |page: usize| u32::from_le_bytes(bytes[page * PAGE_BYTES + SPECIAL + 8..][..4].try_into().unwrap());
        assert_eq!((level(1), level(2), level(3)), (2, 1, 0));
        assert_eq!(bytes[32..36], 1_u32.to_le_bytes());
    }
}
