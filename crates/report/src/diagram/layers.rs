//! Which column a table stands in: parents left of children, references short, no column far taller than the rest.

/// Assigns a layer, from 0, to each member of one group; `links` are pairs parent, child of places in the group. Links that
/// close a cycle are turned round and come back as pairs left, right.
pub(super) fn layers(count: usize, links: &[(usize, usize)]) -> (Vec<usize>, Vec<(usize, usize)>) {
    let links = without_cycles(count, links);
    let mut layer = longest_paths(count, &links);
    for _ in 0..8 {
        if !shorten(&mut layer, &links) {
            break;
        }
    }
    let lowest = layer.iter().copied().min().unwrap_or(0);
    layer.iter_mut().for_each(|layer| *layer -= lowest);
    spread(&mut layer, &links);
    (layer, links)
}

/// Depth-first search; a link back to a table still being visited is turned round.
fn without_cycles(count: usize, links: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut outgoing = vec![Vec::new(); count];
    let mut incoming = vec![0_usize; count];
    for (at, (from, to)) in links.iter().enumerate() {
        outgoing[*from].push((at, *to));
        incoming[*to] += 1;
    }
    let mut turned = links.to_vec();
    let mut state = vec![State::New; count];
    let mut starts: Vec<usize> = (0..count).collect();
    starts.sort_by_key(|at| (incoming[*at], *at));
    for start in starts {
        if state[start] != State::New {
            continue;
        }
        state[start] = State::Open;
        let mut stack = vec![(start, 0_usize)];
        while let Some((node, next)) = stack.pop() {
            let Some(&(link, to)) = outgoing[node].get(next) else {
                state[node] = State::Done;
                continue;
            };
            stack.push((node, next + 1));
            match state[to] {
                State::New => {
                    state[to] = State::Open;
                    stack.push((to, 0));
                }
                State::Open => turned[link] = (to, node),
                State::Done => {}
            }
        }
    }
    turned
}

fn longest_paths(count: usize, links: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0_usize; count];
    // Without cycles the longest path has fewer than `count` steps.
    for _ in 0..count {
        let mut changed = false;
        for (left, right) in links {
            if layer[*right] <= layer[*left] {
                layer[*right] = layer[*left] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    layer
}

/// Moves each table towards the side on which it has more links, as far as its neighbours allow.
fn shorten(layer: &mut [usize], links: &[(usize, usize)]) -> bool {
    let mut changed = false;
    for node in 0..layer.len() {
        let lefts: Vec<usize> = links.iter().filter(|link| link.1 == node).map(|link| layer[link.0]).collect();
        let rights: Vec<usize> = links.iter().filter(|link| link.0 == node).map(|link| layer[link.1]).collect();
        let earliest = lefts.iter().max().map_or(0, |left| left + 1);
        let latest = rights.iter().min().map(|right| right.saturating_sub(1));
        let wanted = match latest {
            Some(latest) if rights.len() > lefts.len() => latest.max(earliest),
            _ => earliest.min(layer[node]),
        };
        if wanted != layer[node] && (wanted > layer[node] || rights.len() <= lefts.len()) {
            layer[node] = wanted;
            changed = true;
        }
    }
    changed
}

/// Tables without children move on to the next layers where theirs is crowded.
fn spread(layer: &mut [usize], links: &[(usize, usize)]) {
    let most = ((layer.len() as f64).sqrt() * 1.6).ceil().max(5.0) as usize;
    let mut held = vec![0_usize; layer.len() * 2 + 2];
    for at in layer.iter() {
        held[*at] += 1;
    }
    for node in 0..layer.len() {
        let leaf = links.iter().all(|link| link.0 != node);
        while leaf && held[layer[node]] > most {
            held[layer[node]] -= 1;
            layer[node] += 1;
            held[layer[node]] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_stand_left_and_cycles_are_cut() {
        let (layer, links) = layers(4, &[(0, 1), (1, 2), (2, 0), (0, 3)]);
        assert!(links.iter().all(|(left, right)| layer[*left] < layer[*right]));
        assert_eq!(links.iter().filter(|link| ![(0, 1), (1, 2), (0, 3)].contains(link)).count(), 1);
    }

    #[test]
    fn a_star_does_not_become_one_tall_column() {
        let links: Vec<(usize, usize)> = (1..101).map(|child| (0, child)).collect();
        let (layer, _) = layers(101, &links);
        let tallest = (0..20).map(|at| layer.iter().filter(|layer| **layer == at).count()).max();
        assert!(tallest.is_some_and(|tallest| tallest <= 17), "{tallest:?}");
    }

    #[test]
    fn a_lone_parent_moves_next_to_its_child() {
        let (layer, _) = layers(5, &[(0, 1), (1, 2), (2, 3), (4, 3)]);
        assert_eq!(layer[4] + 1, layer[3]);
    }
}
