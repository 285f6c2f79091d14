//! `aws-vault bastion export`: the same layout for CloudFormation or Terraform. Reads the file, calls nobody.

use super::super::args::bastion::{Export as Args, ExportFormat};
use super::super::output::{notice, print};
use super::shared::layout;
use crate::bastion::export::{cloudformation, terraform};
use crate::bastion::model::{Account, Layout};
use crate::error::CliError;

pub fn run(args: &Args) -> Result<(), CliError> {
    let layout = layout(&args.file.file)?;
    let document = match args.format {
        ExportFormat::Cloudformation => {
            cloudformation::account(&layout, account(&layout, args.account.as_deref())?)
        }
        ExportFormat::Stackset => {
            let (template, some) = cloudformation::stack_set(&layout);
            if !some.is_empty() {
                let names = some.join(", ");
                notice(&format!(
                    "made only in accounts that the file names: {names}"
                ));
            }
            template
        }
        ExportFormat::Terraform => terraform::configuration(&layout),
    };
    let text = serde_json::to_string_pretty(&document).map_err(CliError::new)?;
    print(&(text + "\n"))
}

fn account<'a>(layout: &'a Layout, name: Option<&str>) -> Result<&'a Account, CliError> {
    let Some(name) = name else {
        return Ok(&layout.bastion);
    };
    let found = layout
        .all_accounts()
        .find(|it| it.name == name || it.id == name);
    found.ok_or_else(|| {
        let known: Vec<&str> = layout.all_accounts().map(|it| it.name.as_str()).collect();
        CliError::usage(format!("there is no account '{name}'"))
            .hint(format!("there are: {}", known.join(", ")))
    })
}
