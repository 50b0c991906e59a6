//! One assignment over a model: of all candidate pairs those that fit together best, each weight once.
//!
//! Candidates are few for each weight, so they fall into components that have nothing to do with each other.
//! A pair that is both sides' best by a margin is taken at once; what is left of a component is solved
//! exactly (Kuhn and Munkres), or, where it is very large, by the best first.

use std::collections::HashMap;

use pathfinding::prelude::{Matrix, kuhn_munkres};

/// Row, column and how good it is for them to be a pair; not worth it below 0.
pub(super) type Candidate = (usize, usize, f64);

/// Components with more rows are solved by the best first: the exact way takes the third power.
const MAX_EXACT: usize = 400;
/// A pair both sides' best by so much is in the best assignment, or in one as good.
const MARGIN: f64 = 4.0;

/// Pairs of rows and columns, by row.
pub(super) fn assign(rows: usize, columns: usize, candidates: &[Candidate]) -> Vec<(usize, usize)> {
    let mut worth: Vec<Candidate> = candidates.iter().copied().filter(|(.., score)| *score > 0.0).collect();
    let mut pairs = clear(rows, columns, &mut worth);
    for component in components(rows, columns, &worth) {
        pairs.extend(solve(&component));
    }
    pairs.sort_unstable();
    pairs
}

/// Takes out the pairs that are clear.
fn clear(rows: usize, columns: usize, candidates: &mut Vec<Candidate>) -> Vec<(usize, usize)> {
    let (mut of_row, mut of_column) = (vec![(0.0f64, 0.0f64); rows], vec![(0.0f64, 0.0f64); columns]);
    let note = |(best, second): &mut (f64, f64), score: f64| {
        if score > *best {
            (*best, *second) = (score, *best);
        } else if score > *second {
            *second = score;
        }
    };
    for (row, column, score) in &*candidates {
        note(&mut of_row[*row], *score);
        note(&mut of_column[*column], *score);
    }
    let is_clear = |best: (f64, f64), score: f64| score == best.0 && score >= best.1 + MARGIN;
    let pairs: Vec<(usize, usize)> = candidates
        .iter()
        .filter(|(row, column, score)| is_clear(of_row[*row], *score) && is_clear(of_column[*column], *score))
        .map(|(row, column, _)| (*row, *column))
        .collect();
    let (mut has_row, mut has_column) = (vec![false; rows], vec![false; columns]);
    for (row, column) in &pairs {
        (has_row[*row], has_column[*column]) = (true, true);
    }
    candidates.retain(|(row, column, _)| !has_row[*row] && !has_column[*column]);
    pairs
}

/// Candidates that share rows or columns, together.
fn components(rows: usize, columns: usize, candidates: &[Candidate]) -> Vec<Vec<Candidate>> {
    let mut parents: Vec<usize> = (0..rows + columns).collect();
    fn root(parents: &mut [usize], mut node: usize) -> usize {
        while parents[node] != node {
            parents[node] = parents[parents[node]];
            node = parents[node];
        }
        node
    }
    for (row, column, _) in candidates {
        let (a, b) = (root(&mut parents, *row), root(&mut parents, rows + column));
        parents[a.max(b)] = a.min(b);
    }
    let mut components: Vec<Vec<Candidate>> = Vec::new();
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    for candidate in candidates {
        let number = *numbers.entry(root(&mut parents, candidate.0)).or_insert_with(|| {
            components.push(Vec::new());
            components.len() - 1
        });
        components[number].push(*candidate);
    }
    components
}

fn solve(candidates: &[Candidate]) -> Vec<(usize, usize)> {
    let distinct = |pick: fn(&Candidate) -> usize| {
        let mut all: Vec<usize> = candidates.iter().map(pick).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (rows, columns) = (distinct(|candidate| candidate.0), distinct(|candidate| candidate.1));
    if rows.len().max(columns.len()) > MAX_EXACT {
        return best_first(candidates);
    }
    // As many columns more as there are rows, so that every row may stay alone.
    const UNIT: f64 = 1e6;
    let mut weights = Matrix::new(rows.len(), columns.len() + rows.len(), 0i64);
    for (row, column, score) in candidates {
        if let (Ok(row), Ok(column)) = (rows.binary_search(row), columns.binary_search(column)) {
            weights[(row, column)] = (score * UNIT) as i64;
        }
    }
    let (_, chosen) = kuhn_munkres(&weights);
    let pair = |(row, column): (usize, usize)| {
        let is_pair = column < columns.len() && weights[(row, column)] > 0;
        is_pair.then(|| (rows[row], columns[column]))
    };
    chosen.into_iter().enumerate().filter_map(pair).collect()
}

fn best_first(candidates: &[Candidate]) -> Vec<(usize, usize)> {
    let mut sorted = candidates.to_vec();
    sorted.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
    let (mut rows, mut columns) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    let mut pairs = Vec::new();
    for (row, column, _) in sorted {
        if !rows.contains(&row) && !columns.contains(&column) {
            rows.insert(row);
            columns.insert(column);
            pairs.push((row, column));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy 1.17: `linear_sum_assignment(weights, maximize=True)`.
    #[test]
    fn the_best_of_all() {
        let weights = [[7.0, 6.0, 1.0], [6.5, 2.0, 1.5], [1.0, 1.0, 0.0]];
        let candidates: Vec<Candidate> = (0..9).map(|at| (at / 3, at % 3, weights[at / 3][at % 3])).collect();
        assert_eq!(assign(3, 3, &candidates), [(0, 1), (1, 0)]);
        let transposed: Vec<Candidate> = candidates.iter().map(|(row, column, score)| (*column, *row, *score)).collect();
        assert_eq!(assign(3, 3, &transposed), [(0, 1), (1, 0)]);
        assert_eq!(best_first(&candidates)[0], (0, 0));
    }

    #[test]
    fn nobody_has_to_pair() {
        assert_eq!(assign(2, 2, &[(0, 0, -1.0), (1, 1, 0.5)]), [(1, 1)]);
        assert_eq!(assign(3, 1, &[(0, 0, 1.0), (1, 0, 2.0), (2, 0, 9.0)]), [(2, 0)]);
        assert_eq!(assign(0, 0, &[]), []);
    }
}
