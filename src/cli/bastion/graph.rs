//! `aws-vault bastion graph`: who can become what, where. Reads the file, calls nobody.

use super::super::args::bastion::{Graph as Args, GraphFormat};
use super::super::output::print;
use super::shared::layout;
use crate::bastion::graph::{dot, graph, mermaid, svg};
use crate::error::CliError;

pub fn run(args: &Args) -> Result<(), CliError> {
    let graph = graph(&layout(&args.file.file)?);
    print(&match args.format {
        GraphFormat::Svg => svg(&graph),
        GraphFormat::Mermaid => mermaid(&graph),
        GraphFormat::Dot => dot(&graph),
    })
}
