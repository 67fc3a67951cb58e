//! Where functions are declared.
use crate::image::pdb::Pdb;
use crate::image::pdb::functions::Key;
use crate::image::pdb::ids::Ids;
use crate::image::pdb::lines::Lines;
use crate::sorted::sort_by_number;

/// In which lines functions are declared, by the hashes of their keys: for all bodies of a function the same. Where one was inlined it
/// is known; else it is that of the first code of some body.
pub(super) fn declared_lines(pdb: &Pdb, ids: &Ids) -> Vec<(u64, u32)> {
    let (mut known, mut likely) = (Vec::new(), Vec::new());
    for module in &pdb.modules {
        let lines = Lines::parse(module.lines);
        known.extend(lines.inlined.iter().filter_map(|declared| {
            let name = ids.function(declared.id as usize)?.name;
            Some((Key { name: &name, file: declared.file, kind_of_type: 0 }.hash(), declared.line))
        }));
        module.procedures(|own| {
            if let Some(first) = lines.first_row(own.place()) {
                likely.push((Key { name: own.name, file: first.file, kind_of_type: 0 }.hash(), first.line));
            }
        });
    }
    for lines in [&mut known, &mut likely] {
        sort_by_number(lines, &|(_, line)| u64::from(*line));
        sort_by_number(lines, &|(hash, _)| *hash);
        lines.dedup_by_key(|(hash, _)| *hash);
    }
    // The sort leaves equal ones as they are: what is known stands in front.
    known.extend(likely);
    sort_by_number(&mut known, &|(hash, _)| *hash);
    known.dedup_by_key(|(hash, _)| *hash);
    known
}
