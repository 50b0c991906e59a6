//! A graph as a file, SVG or PNG: the whole or a part, drawn by [`GraphFigure`]. The window and the
//! command line describe what they want with the same [`GraphFile`].

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::drawing::{self, Drawing};
use super::picture::{PictureError, PictureOptions};
use crate::jobs::{Cancelled, GraphPicture, Opened, Token, thumbnail};
use crate::layout::{Node, Rect};
use crate::render::Image;
use crate::render::figure::FigureError;
use crate::render::graph::GraphFigure;
use crate::render::number::grouped;
use crate::render::scene::Scene;
use crate::weights::Site;

/// A picture of a graph to be written.
pub struct GraphFile {
    pub opened: Arc<Opened>,
    pub picture: Arc<GraphPicture>,
    /// The part of the layout that is drawn; `None`: all of it.
    pub part: Option<Rect>,
    pub options: PictureOptions,
}

/// So many kernels are drawn in boxes, and so many numbers are read for them.
const MOST_THUMBNAILS: usize = 400;
const MOST_NUMBERS: u64 = 1 << 26;

impl GraphFile {
    /// Writes the file; its extension gives the format.
    ///
    /// # Errors
    /// [`PictureError`]; there is no file then, or the one that was there before.
    pub fn save(&self, path: &Path, token: &Token) -> Result<(), PictureError> {
        drawing::save(self, path, token)
    }

    /// The picture's pixels.
    ///
    /// # Errors
    /// [`PictureError`]: cancelled, nothing to draw, or too much.
    pub fn image(&self, token: &Token) -> Result<Image, PictureError> {
        let image = self.figure(&self.thumbnails(token)?).image(u32::from(self.options.scale.max(1)));
        image.map_err(|error| if matches!(error, FigureError::TooLarge { .. }) { PictureError::LargeGraph(error) } else { error.into() })
    }

    fn figure<'a>(&'a self, thumbnails: &'a HashMap<Site, Image>) -> GraphFigure<'a> {
        GraphFigure {
            picture: &self.picture,
            model: &self.opened.model,
            title: self.title(),
            subtitle: self.subtitle(),
            part: self.part,
            bare: self.options.bare,
            thumbnails,
            theme: self.options.theme.theme(),
        }
    }

    /// The kernels of the boxes that are drawn, the first ones if there are very many.
    fn thumbnails(&self, token: &Token) -> Result<HashMap<Site, Image>, Cancelled> {
        let is_seen = |rect: &Rect| {
            self.part.is_none_or(|part| rect.x < part.right() && rect.right() > part.x && rect.y < part.bottom() && rect.bottom() > part.y)
        };
        let seen = self.picture.cards.iter().zip(&self.picture.layout.nodes).filter(|(_, rect)| is_seen(rect));
        let mut images = HashMap::new();
        let mut numbers = 0;
        for site in seen.filter_map(|(card, _)| card.thumbnail) {
            token.check()?;
            let Some(weight) = self.opened.catalogue.at(site) else { continue };
            numbers += weight.graph(&self.opened.model).tensor(weight.tensor).shape.count().unwrap_or(0);
            if images.len() == MOST_THUMBNAILS || numbers > MOST_NUMBERS {
                break;
            }
            images.extend(thumbnail(&self.opened.model, weight, token)?.map(|image| (site, image)));
        }
        Ok(images)
    }

    /// Which graph, and how large it is.
    fn subtitle(&self) -> String {
        let graph = self.opened.model.graph(self.picture.graph);
        let operations = self.opened.groups(self.picture.graph).operations() as u64;
        let name = match (graph.path.is_empty(), self.picture.graph.0) {
            (false, _) => graph.path.join(" › "),
            (true, 0) => self.opened.model.format.title().to_owned(),
            (true, _) => graph.name.clone(),
        };
        let closed = self.picture.drawn.nodes.iter().filter(|node| matches!(node, Node::Group(_))).count() as u64;
        let groups = match closed {
            0 => String::new(),
            1 => " · 1 closed group".to_owned(),
            _ => format!(" · {} closed groups", grouped(closed)),
        };
        let plural = if operations == 1 { "" } else { "s" };
        format!("{name} · {} operation{plural}{groups}", grouped(operations))
    }
}

impl Drawing for GraphFile {
    fn opened(&self) -> &Opened {
        &self.opened
    }

    fn title(&self) -> String {
        self.opened.model.file_name()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![("Graph", self.subtitle())]
    }

    fn pixels(&self, token: &Token) -> Result<Image, PictureError> {
        self.image(token)
    }

    fn shapes(&self, token: &Token) -> Result<Scene, PictureError> {
        Ok(self.figure(&self.thumbnails(token)?).scene()?)
    }
}
