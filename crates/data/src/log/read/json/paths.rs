//! `Paths`: the wanted fields as a tree of keys, so that one pass over a line finds them all.
//!
//! A path such as `a.b` finds the field `b` of the object `a`, and a field whose key is `a.b` itself.

/// The tree; node 0 is its root.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    nodes: Vec<Vec<Edge>>,
}

/// What to do with a key.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    key: Vec<u8>,
    /// The wanted cell that the value is.
    pub(super) cell: Option<usize>,
    /// Where to go on within the value.
    pub(super) node: Option<usize>,
    /// Whether the value is the list whose elements are rows.
    pub(super) list: bool,
}

/// A path with this many dots is cut at single dots alone.
const MOST_DOTS: usize = 6;

/// What a path leads to.
#[derive(Clone, Copy)]
enum Target {
    Cell(usize),
    List,
}

impl Paths {
    /// The tree of these paths, whose cells are numbered in their order, and of the list.
    pub(super) fn new<'a>(paths: impl Iterator<Item = (usize, &'a str)>, list: Option<&'a str>) -> Self {
        let mut tree = Self { nodes: Vec::new() };
        let mut targets: Vec<_> = paths.map(|(cell, path)| (path, Target::Cell(cell))).collect();
        targets.extend(list.map(|path| (path, Target::List)));
        tree.grow(&targets);
        tree
    }

    fn grow(&mut self, targets: &[(&str, Target)]) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Vec::new());
        let mut edges: Vec<Edge> = Vec::new();
        let mut below: Vec<Vec<(&str, Target)>> = Vec::new();
        for &(path, target) in targets {
            let dots: Vec<usize> = path.match_indices('.').map(|(at, _)| at).collect();
            let cuts = if dots.len() > MOST_DOTS { &dots[..1] } else { &dots[..] };
            for end in cuts.iter().copied().chain([path.len()]) {
                let key = &path.as_bytes()[..end];
                let at = edges.iter().position(|edge| edge.key == key).unwrap_or_else(|| {
                    edges.push(Edge { key: key.to_vec(), cell: None, node: None, list: false });
                    below.push(Vec::new());
                    edges.len() - 1
                });
                match (path.get(end + 1..), target) {
                    (Some(rest), target) => below[at].push((rest, target)),
                    (None, Target::Cell(cell)) => edges[at].cell = Some(cell),
                    (None, Target::List) => edges[at].list = true,
                }
            }
        }
        for (edge, below) in edges.iter_mut().zip(below) {
            if !below.is_empty() {
                edge.node = Some(self.grow(&below));
            }
        }
        self.nodes[node] = edges;
        node
    }

    /// The edge of a key. `hint` is where it is looked for first: keys come in the same order on most lines.
    #[inline]
    pub(super) fn edge(&self, node: usize, key: &[u8], hint: &mut usize) -> Option<&Edge> {
        let edges = &self.nodes[node];
        let at = match edges.get(*hint) {
            Some(edge) if edge.key == key => *hint,
            _ => edges.iter().position(|edge| edge.key == key)?,
        };
        *hint = at + 1;
        edges.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_by_keys_with_and_without_dots() {
        let paths = Paths::new([(0, "a.b"), (1, "a"), (2, "c.d.e")].into_iter(), Some("c.list"));
        let edge = |node, key: &str| paths.edge(node, key.as_bytes(), &mut 0);
        let below = |node, key| edge(node, key).and_then(|edge| edge.node);
        assert_eq!(edge(0, "a").map(|edge| edge.cell), Some(Some(1)));
        assert_eq!(edge(0, "a.b").map(|edge| (edge.cell, edge.node)), Some((Some(0), None)));
        assert_eq!(below(0, "a").and_then(|node| edge(node, "b")).map(|edge| edge.cell), Some(Some(0)));
        assert_eq!(below(0, "c.d").and_then(|node| edge(node, "e")).map(|edge| edge.cell), Some(Some(2)));
        assert_eq!(below(0, "c").and_then(|node| edge(node, "list")).map(|edge| edge.list), Some(true));
        assert!(edge(0, "b").is_none());
    }
}
