//! The multi-task model as the response model of the learner's simulator.
//!
//! ```text
//! session [.., i]     row (clicks before i, item i)  ─▶ continues head, next-item head
//!                     rows (clicks up to i, item j)  ─▶ click head of j's surface, for every item j
//! ```

use anyhow::{Context, Result, bail};
use slatewise_data::{ImpressionLog, Label, TaskKind, TaskSpec};
use slatewise_features::{FeatureBatch, FeatureEncoder, Request};
use slatewise_model::Ranker;
use slatewise_rl::SessionState;
use slatewise_rl::simulator::{ResponseModel, ResponsePrediction};

/// Which head answers which question.
#[derive(Debug)]
pub(super) struct MultiTaskResponses<'a> {
    log: &'a ImpressionLog,
    encoder: &'a FeatureEncoder,
    ranker: &'a Ranker,
    /// Number of binary tasks, the columns of `Ranker::binary`.
    columns: usize,
    continues: usize,
    next_item: &'a str,
    /// Column of the click head per item.
    click: Vec<usize>,
}

impl<'a> MultiTaskResponses<'a> {
    /// Finds the heads among the declared tasks.
    ///
    /// # Errors
    /// No task with a label that the simulator needs, or an item whose surface no click task takes.
    pub(super) fn new(
        tasks: &'a [TaskSpec],
        log: &'a ImpressionLog,
        encoder: &'a FeatureEncoder,
        ranker: &'a Ranker,
    ) -> Result<Self> {
        let binary: Vec<&TaskSpec> = tasks.iter().filter(|task| task.kind() == TaskKind::Binary).collect();
        let missing = |label: &str| {
            format!("policy: the user simulator needs a task with label = \"{label}\"; declare one under [[tasks]]")
        };
        let continues = binary.iter().position(|task| task.label == Label::SessionContinues);
        let next_item = tasks.iter().find(|task| task.label == Label::NextItem);
        let catalogue = &log.catalogue;
        let mut click = Vec::with_capacity(catalogue.len());
        for item in 0..catalogue.len() as u32 {
            let surface = &catalogue.surfaces[catalogue.surface_of(item) as usize];
            let takes = |task: &&TaskSpec| task.surfaces.is_empty() || task.surfaces.contains(surface);
            let Some(column) = binary.iter().position(|task| task.label == Label::Click && takes(task)) else {
                bail!(
                    "policy: no task with label = \"click\" takes the surface `{surface}`; the user simulator needs one"
                );
            };
            click.push(column);
        }
        Ok(Self {
            log,
            encoder,
            ranker,
            columns: binary.len(),
            continues: continues.with_context(|| missing("session_continues"))?,
            next_item: &next_item.with_context(|| missing("next_item"))?.name,
            click,
        })
    }

    fn encode(&self, session: &SessionState, clicks: usize, candidates: &[u32], out: &mut FeatureBatch) {
        let request = Request { context: &session.context, day: session.day, history: &session.history[..clicks] };
        self.encoder.encode(&self.log.catalogue, &request, candidates, out);
    }
}

impl ResponseModel for MultiTaskResponses<'_> {
    type Error = anyhow::Error;

    fn predict(&self, sessions: &[SessionState]) -> Result<Vec<ResponsePrediction>> {
        let items: Vec<u32> = (0..self.log.catalogue.len() as u32).collect();
        let (mut last_clicks, mut shown) = (FeatureBatch::default(), FeatureBatch::default());
        for session in sessions {
            self.encode(session, session.depth() - 1, &[session.last_item()], &mut last_clicks);
            self.encode(session, session.depth(), &items, &mut shown);
        }
        let continues = self.ranker.binary(&last_clicks)?;
        let next_item = self.ranker.choice(self.next_item, &last_clicks)?;
        let clicks = self.ranker.binary(&shown)?;
        let prediction = |place: usize| {
            let rows = &clicks[place * items.len() * self.columns..][..items.len() * self.columns];
            let of_item = rows.chunks_exact(self.columns).zip(&self.click).map(|(row, &column)| row[column]);
            let next = &next_item[place * items.len()..][..items.len()];
            ResponsePrediction {
                continues: continues[place * self.columns + self.continues],
                next_item: next.iter().map(|log_probability| log_probability.exp()).collect(),
                click: of_item.collect(),
            }
        };
        Ok((0..sessions.len()).map(prediction).collect())
    }
}
