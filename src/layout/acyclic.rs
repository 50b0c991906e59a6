//! Turns the edges that close cycles, so that what remains runs one way.

use super::Link;
use super::adjacency::Adjacency;

/// Turns every link that leads back to a node which a depth-first search is still in. Searches begin
/// at the nodes without links in, then at the others in order, so that a graph in file order is
/// turned where a reader would expect it.
pub(super) fn turn_back_edges(count: usize, links: &mut [Link]) {
    let out = Adjacency::new(count, (0u32..).zip(links.iter()).map(|(index, link)| (link.upper, link.lower, index)));
    let mut has_links_in = vec![false; count];
    links.iter().for_each(|link| has_links_in[link.lower as usize] = true);
    let mut state = vec![State::New; count];
    let nodes = 0..count as u32;
    let starts = nodes.clone().filter(|node| !has_links_in[*node as usize]).chain(nodes);
    // Node and how many of its links were followed: the search can be as deep as the graph is large.
    let mut stack: Vec<(u32, usize)> = Vec::new();
    for start in starts {
        if state[start as usize] != State::New {
            continue;
        }
        state[start as usize] = State::Open;
        stack.push((start, 0));
        while let Some((node, followed)) = stack.last_mut() {
            let Some((next, link)) = out.of(*node).get(*followed) else {
                state[*node as usize] = State::Done;
                stack.pop();
                continue;
            };
            *followed += 1;
            match state[*next as usize] {
                State::New => {
                    state[*next as usize] = State::Open;
                    stack.push((*next, 0));
                }
                State::Open => {
                    let link = &mut links[*link as usize];
                    (link.upper, link.lower, link.is_turned) = (link.lower, link.upper, true);
                }
                State::Done => {}
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}
