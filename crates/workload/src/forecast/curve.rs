//! A rate over time that is linear in pieces.

use std::time::Duration;

use scenario::{Executor, Scenario, Stage};

/// Iterations a second over a run's time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve(Vec<Piece>);

/// From `from` at second `begin` to `to` at second `end`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    begin: f64,
    end: f64,
    from: f64,
    to: f64,
}

impl Piece {
    fn at(&self, second: f64) -> f64 {
        let length = self.end - self.begin;
        if length == 0.0 {
            return self.to;
        }
        self.from + (self.to - self.from) * (second - self.begin) / length
    }
}

impl Curve {
    /// The iterations that a scenario starts, where each takes so many seconds.
    pub(super) fn of(scenario: &Scenario, iteration_seconds: f64) -> Self {
        let begin = scenario.start_time().as_secs_f64();
        let users = |vus: usize| vus as f64 / iteration_seconds;
        let a_second = |unit: Duration| move |rate: u32| f64::from(rate) / unit.as_secs_f64();
        let for_seconds = |seconds: f64, rate: f64| {
            Curve(vec![Piece { begin, end: begin + seconds, from: rate, to: rate }])
        };
        // Iterations that are counted end when all are done, or else when the time is over.
        let counted = |vus: usize, each: f64, max: Duration| {
            for_seconds((each * iteration_seconds).min(max.as_secs_f64()), users(vus))
        };
        match scenario.executor() {
            Executor::ConstantVus { vus, duration } => {
                for_seconds(duration.as_secs_f64(), users(*vus))
            }
            Executor::RampingVus(ramp) => {
                let rate = |vus: u32| f64::from(vus) / iteration_seconds;
                Self::of_stages(begin, users(ramp.start_vus), &ramp.stages, rate)
            }
            Executor::ConstantArrivalRate(constant) => {
                let rate = a_second(constant.time_unit)(constant.rate);
                for_seconds(constant.duration.as_secs_f64(), rate)
            }
            Executor::RampingArrivalRate(ramp) => {
                let rate = a_second(ramp.time_unit);
                Self::of_stages(begin, rate(ramp.start_rate), &ramp.stages, rate)
            }
            Executor::PerVuIterations { vus, iterations, max_duration } => {
                counted(*vus, *iterations as f64, *max_duration)
            }
            Executor::SharedIterations { vus, iterations, max_duration } => {
                let busy = (*vus).min(usize::try_from(*iterations).unwrap_or(usize::MAX));
                counted(busy, *iterations as f64 / busy.max(1) as f64, *max_duration)
            }
            // An executor that is not known here starts nothing that could be foretold.
            _ => Curve(Vec::new()),
        }
    }

    fn of_stages(begin: f64, start: f64, stages: &[Stage], rate: impl Fn(u32) -> f64) -> Self {
        let (mut begin, mut from) = (begin, start);
        let piece = |stage: &Stage| {
            let (end, to) = (begin + stage.duration.as_secs_f64(), rate(stage.target));
            let piece = Piece { begin, end, from, to };
            (begin, from) = (end, to);
            piece
        };
        let pieces: Vec<_> = stages.iter().map(piece).collect();
        Curve(pieces.into_iter().filter(|piece| piece.end > piece.begin).collect())
    }

    pub(super) fn scaled(&self, factor: f64) -> Self {
        let scaled =
            |piece: &Piece| Piece { from: piece.from * factor, to: piece.to * factor, ..*piece };
        Curve(self.0.iter().map(scaled).collect())
    }

    pub(super) fn area(&self) -> f64 {
        let area = |piece: &Piece| (piece.end - piece.begin) * (piece.from + piece.to) / 2.0;
        self.0.iter().map(area).sum()
    }

    pub(super) fn peak(&self) -> f64 {
        self.0.iter().fold(0.0, |peak, piece| peak.max(piece.from).max(piece.to))
    }

    /// The value just before a moment, and just after it.
    fn around(&self, second: f64) -> (f64, f64) {
        let before = self.0.iter().find(|piece| piece.begin < second && second <= piece.end);
        let after = self.0.iter().find(|piece| piece.begin <= second && second < piece.end);
        let value = |piece: Option<&Piece>| piece.map_or(0.0, |piece| piece.at(second));
        (value(before), value(after))
    }
}

/// The greatest value that the curves reach together. Their sum is linear between the ends of
/// pieces, so that it is greatest at one of them.
pub(super) fn peak_of_sum(curves: &[Curve]) -> f64 {
    let pieces = curves.iter().flat_map(|curve| &curve.0);
    let moments = pieces.flat_map(|piece| [piece.begin, piece.end]);
    let sum = |second: f64| {
        let sides = curves.iter().map(|curve| curve.around(second));
        let (before, after) = sides.fold((0.0, 0.0), |sum, side| (sum.0 + side.0, sum.1 + side.1));
        f64::max(before, after)
    };
    moments.map(sum).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(pieces: &[(f64, f64, f64, f64)]) -> Curve {
        let piece = |&(begin, end, from, to): &(f64, f64, f64, f64)| Piece { begin, end, from, to };
        Curve(pieces.iter().map(piece).collect())
    }

    #[test]
    fn areas_and_peaks_are_those_of_the_pieces() {
        let ramp =
            curve(&[(0.0, 10.0, 5.0, 25.0), (10.0, 70.0, 25.0, 25.0), (70.0, 80.0, 25.0, 5.0)]);
        assert_eq!((ramp.area(), ramp.peak()), (1800.0, 25.0));
        assert_eq!(ramp.scaled(2.0).peak(), 50.0);
        assert_eq!((curve(&[]).area(), curve(&[]).peak(), peak_of_sum(&[])), (0.0, 0.0, 0.0));
    }

    #[test]
    fn curves_peak_together_only_where_they_overlap() {
        let early = curve(&[(0.0, 10.0, 10.0, 10.0)]);
        let late = curve(&[(10.0, 20.0, 7.0, 7.0)]);
        let both = curve(&[(5.0, 15.0, 0.0, 4.0)]);
        assert_eq!(peak_of_sum(&[early.clone(), late.clone()]), 10.0);
        assert_eq!(peak_of_sum(&[early.clone(), both.clone()]), 12.0);
        assert_eq!(peak_of_sum(&[early, late, both]), 12.0);
    }
}
