//! `kinlink budget`: the privacy budget of tables with noise: make one, plan a release, show what
//! is left, list what was spent. And what `kinlink protect table` prints of such a release.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{Context, Done, Failure};
use crate::protect::dp::accounting::{Delta, Loss, PrivacyUnit, PureDp, Zcdp, epsilon_of};
use crate::protect::dp::exact::Ratio;
use crate::protect::dp::ledger::Account;
use crate::protect::dp::{
    Book, DpError, Noise, Plan, Scope, TableLine, meaning, plan_of, release_table, table_lines,
};
use crate::protect::{Spec, read_spec};

/// Arguments of `kinlink budget`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        kinlink budget new budget --rho 0.5 --unit child --population \"children with a parent in \
        prison\" --period 2025\n  \
        kinlink budget plan spec.toml            what the tables of a specification would cost\n  \
        kinlink protect table children.csv --spec spec.toml -o release\n  \
        kinlink budget show budget               what is spent and left\n\n\
        docs/differential-privacy.md says what the guarantee is, and what it is not.")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a ledger in a new folder. Its budget cannot be changed afterwards.
    New {
        /// The folder.
        ledger: PathBuf,
        /// All that may be spent, as rho of zero-concentrated differential privacy.
        #[arg(long, value_parser = amount, conflicts_with = "epsilon", required_unless_present = "epsilon")]
        rho: Option<Ratio>,
        /// All that may be spent, as epsilon of pure differential privacy.
        #[arg(long, value_parser = amount)]
        epsilon: Option<Ratio>,
        /// Whose presence is hidden.
        #[arg(long, value_enum)]
        unit: UnitArg,
        /// Whose data: in words.
        #[arg(long)]
        population: String,
        /// The period that the budget is for.
        #[arg(long)]
        period: String,
    },
    /// What is spent and left, and what it means.
    Show {
        /// The folder of the ledger.
        ledger: PathBuf,
        /// The delta at which epsilon is printed.
        #[arg(long, value_parser = delta, default_value = "1e-6")]
        delta: Delta,
    },
    /// Every release, in order.
    History {
        /// The folder of the ledger.
        ledger: PathBuf,
    },
    /// How a specification would spend its budget, table by table. Reads no data and spends nothing.
    Plan {
        /// The specification, with a section `[dp]`.
        spec: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum UnitArg {
    Child,
    Parent,
    Family,
}

impl From<UnitArg> for PrivacyUnit {
    fn from(unit: UnitArg) -> Self {
        match unit {
            UnitArg::Child => PrivacyUnit::Child,
            UnitArg::Parent => PrivacyUnit::Parent,
            UnitArg::Family => PrivacyUnit::Family,
        }
    }
}

fn amount(text: &str) -> Result<Ratio, DpError> {
    let ratio = text.parse::<Ratio>().ok().filter(|r| !r.is_zero());
    ratio.ok_or(DpError::Amount)
}

fn delta(text: &str) -> Result<Delta, String> {
    let ratio = text.parse::<Ratio>().map_err(|e| e.to_string())?;
    Delta::try_from(ratio).map_err(|e| e.to_string())
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    match args.command {
        Command::New {
            ledger,
            rho,
            epsilon,
            unit,
            population,
            period,
        } => {
            let budget = match (rho, epsilon) {
                (Some(rho), _) => Loss::Zcdp(Zcdp::new(rho)),
                (None, Some(epsilon)) => Loss::Pure(PureDp::new(epsilon)),
                (None, None) => return Err(DpError::Amount.into()),
            };
            let scope = Scope {
                population,
                unit: unit.into(),
                period,
            };
            let book = Book::create(&ledger, scope, budget)?;
            let done = Done::new(state(&ledger, book.account(), None), json!(book.account()));
            Ok(done.next("name the folder as `ledger` in [dp] of a specification"))
        }
        Command::Show { ledger, delta } => {
            let account = Book::look(&ledger)?;
            let mut json = json!(account);
            if let Some(object) = json.as_object_mut() {
                object.insert("spent".to_owned(), json!(account.spent()));
                object.insert("left".to_owned(), json!(account.left()));
            }
            Ok(Done::new(state(&ledger, &account, Some(&delta)), json))
        }
        Command::History { ledger } => {
            let account = Book::look(&ledger)?;
            Ok(Done::new(history(&account), json!(account.releases)))
        }
        Command::Plan { spec } => {
            let read = read_spec(&spec)?;
            let plan = plan_of(&read, &spec)?;
            let lines = table_lines(&plan);
            let left = read
                .dp
                .as_ref()
                .filter(|s| s.ledger.exists())
                .map(|s| Book::look(&s.ledger))
                .transpose()?;
            let json = json!({
                "loss": plan.loss(), "unit": plan.unit(), "contribution": plan.contribution(),
                "meaning": meaning(&plan.loss()), "tables": lines,
                "left": left.as_ref().and_then(Account::left),
            });
            Ok(Done::new(planned(&plan, &lines, left.as_ref()), json))
        }
    }
}

/// A loss with what it means: the amount, ε at δ, the best guess.
fn loss_line(loss: &Loss, delta: Option<&Delta>) -> String {
    let mut out = format!(
        "{} {}",
        loss.definition().symbol(),
        loss.amount().decimal_up(6)
    );
    if let (Loss::Zcdp(l), Some(delta)) = (loss, delta) {
        let epsilon = epsilon_of(l, delta).decimal_up(2);
        let _ = write!(out, " (epsilon {epsilon} at delta {})", delta.ratio());
    }
    let guess = meaning(loss).best_guess * 100.0;
    let _ = write!(out, "; best guess of in or out right in {guess:.1} of 100");
    out
}

fn state(ledger: &Path, account: &Account, delta: Option<&Delta>) -> String {
    let left = account.left().unwrap_or(Loss::none(account.definition()));
    let open = account.releases.iter().filter(|r| r.measurements.is_none());
    let mut out = format!(
        "ledger       {}\npopulation   {}\nperiod       {}\nunit         {}\nbudget       {}\n",
        ledger.display(),
        account.scope.population,
        account.scope.period,
        account.scope.unit,
        loss_line(&account.budget, delta),
    );
    let _ = write!(
        out,
        "spent        {}\nleft         {} {}\nreleases     {}, {} not finished\nhead         {}",
        loss_line(&account.spent(), delta),
        left.definition().symbol(),
        left.amount().decimal_down(6),
        account.releases.len(),
        open.count(),
        account.head,
    );
    out
}

fn history(account: &Account) -> String {
    if account.releases.is_empty() {
        return "no release".to_owned();
    }
    let mut out = String::new();
    for spent in &account.releases {
        let state = match &spent.measurements {
            Some(_) => "finished",
            None => "not finished; spent all the same",
        };
        let _ = writeln!(
            out,
            "{}  {}  {}, of one row {}  key {}  {state}",
            spent.release, spent.label, spent.charged, spent.row, spent.key
        );
    }
    out
}

fn planned(plan: &Plan, lines: &[TableLine], ledger: Option<&Account>) -> String {
    let mut out = format!(
        "cost         {}\nunit         {}, in at most {} rows of a table\n",
        loss_line(&plan.loss(), None),
        plan.unit(),
        plan.contribution().rows(),
    );
    if let Some(left) = ledger.and_then(Account::left) {
        let enough = match plan.loss().under(left.definition()) {
            Some(charged) if charged.amount() <= left.amount() => "enough",
            Some(_) => "not enough",
            None => "of another definition",
        };
        let symbol = left.definition().symbol();
        let _ = writeln!(
            out,
            "left         {symbol} {}: {enough}",
            left.amount().decimal_down(6)
        );
    }
    out.push_str(&tables(lines));
    out
}

fn tables(lines: &[TableLine]) -> String {
    let width = lines
        .iter()
        .map(|l| l.table.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    let mut out = format!(
        "{:width$}  {:>8}  {:>7}  {:>9}  {:>9}  {:>11}\n",
        "table", "cells", "share %", "deviation", "95 % +/-", "usable from"
    );
    for line in lines {
        // Millionths as per cent with two places.
        let share = format!("{}.{:02}", line.share / 10_000, line.share / 100 % 100);
        let _ = writeln!(
            out,
            "{:width$}  {:>8}  {share:>7}  {:>9.2}  {:>9.1}  {:>11}",
            line.table, line.cells, line.deviation, line.margin, line.usable_from
        );
    }
    out
}

/// Releases tables with noise and tells what was released.
pub(super) fn release(
    input: &Path,
    spec: &Spec,
    spec_path: &Path,
    out: &Path,
) -> Result<Done, Failure> {
    let released = release_table(input, spec, spec_path, out)?;
    let drawn = |n: &TableLine| match &n.noise {
        Some(Noise::Gaussian(_)) => Some("discrete Gaussian"),
        Some(Noise::Laplace(_)) => Some("discrete Laplace"),
        None => None,
    };
    let noise = released.tables.iter().find_map(drawn).unwrap_or("none");
    let text = format!(
        "mode         dp, noise {noise}\nunit         {}, in at most {} rows ({})\n\
         cost         {}\nepsilon      {} at delta {}\nrelease      {}\nledger head  {}\n\
         cells        {}, {} of low reliability, {} not shown\nrounding     within {} of the smooth estimate\n\n{}",
        released.unit,
        released.contribution,
        match released.bounded {
            "here" => "enforced here",
            _ => "as the specification vouches",
        },
        loss_line(&released.loss, None),
        released.epsilon,
        released.delta,
        released.release,
        released.ledger_head,
        released.cells,
        released.low_reliability,
        released.hidden,
        released.drift,
        tables(&released.tables),
    );
    Ok(Done::new(text, json!(released)).next("keep the ledger head with the release"))
}
