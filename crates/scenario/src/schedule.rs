use std::time::Duration;

use crate::Stage;

/// The planned starts of an arrival-rate scenario: offsets from its beginning, never decreasing.
///
/// Where the rate is piecewise linear, start number i lies where the area below it reaches i, as in
/// k6. So the first start is not at zero, and fractions of an iteration carry over from stage to
/// stage. Where the rate is constant, start number i lies where the area reaches i − 1, also as in
/// k6: the first start is at zero. A start that falls on the very end is not planned.
///
/// Areas are exact integers. An offset is truncated to whole nanoseconds and is within two
/// nanoseconds of the exact one, whatever the stages. [`Iterator::nth`] jumps, so that the starts of
/// a long schedule can be sampled.
#[derive(Clone, Debug)]
pub struct ArrivalSchedule {
    segments: Vec<Segment>,
    /// The segment that the next start lies in, or one before it.
    segment: usize,
    /// The area of the first start, in iterations.
    first: u128,
    /// The area of the next start, in iterations.
    number: u128,
    /// Twice the time unit in nanoseconds: the area of one iteration, as areas are counted here.
    area_per_start: u128,
    /// The latest offset so far: rounding must not put one before it, even where there are several
    /// starts in a nanosecond.
    latest_ns: u128,
    end_ns: u128,
}

/// One stage. Areas are (rate at its beginning + rate at its end) × nanoseconds, which is twice the
/// area in iterations × the time unit, so that they need no fraction.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start_ns: u128,
    duration_ns: u128,
    from: u32,
    to: u32,
    area_start: u128,
    area_end: u128,
}

impl ArrivalSchedule {
    pub(crate) fn new(start_rate: u32, time_unit: Duration, stages: &[Stage]) -> Self {
        let (mut from, mut start_ns, mut area_start) = (start_rate, 0, 0);
        let mut segments = Vec::with_capacity(stages.len());
        for &Stage { duration, target: to } in stages {
            let duration_ns = duration.as_nanos();
            let area_end = area_start + duration_ns * (u128::from(from) + u128::from(to));
            segments.push(Segment { start_ns, duration_ns, from, to, area_start, area_end });
            (from, start_ns, area_start) = (to, start_ns + duration_ns, area_end);
        }
        let area_per_start = 2 * time_unit.as_nanos();
        ArrivalSchedule {
            segments,
            segment: 0,
            first: 1,
            number: 1,
            area_per_start,
            latest_ns: 0,
            end_ns: start_ns,
        }
    }

    /// Starts at a fixed distance, of which the first one is at zero.
    pub(crate) fn constant(rate: u32, time_unit: Duration, duration: Duration) -> Self {
        let ramp = Self::new(rate, time_unit, &[Stage { duration, target: rate }]);
        ArrivalSchedule { first: 0, number: 0, ..ramp }
    }

    /// The number of starts in the whole schedule, whatever was taken from it already; `u64::MAX`
    /// beyond that.
    pub fn total(&self) -> u64 {
        let Some(last) = self.segments.last() else { return 0 };
        let reached = last.area_end / self.area_per_start;
        let on_the_end = reached > 0 && self.offset_ns(reached, 0) == Some(self.end_ns);
        let count = reached + 1 - self.first - u128::from(on_the_end);
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// The offset of start `number`, searched for from `segment` on; `None` beyond the area.
    fn offset_ns(&self, number: u128, segment: usize) -> Option<u128> {
        let area = number * self.area_per_start;
        let segment = self.segments[segment..].iter().find(|segment| segment.area_end >= area)?;
        Some(segment.start_ns + segment.time_of(area))
    }
}

impl Iterator for ArrivalSchedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let area = self.number * self.area_per_start;
        while self.segments.get(self.segment)?.area_end < area {
            self.segment += 1;
        }
        let offset_ns = self.offset_ns(self.number, self.segment)?;
        if offset_ns >= self.end_ns {
            return None;
        }
        self.number += 1;
        self.latest_ns = self.latest_ns.max(offset_ns);
        Some(duration_from_nanos(self.latest_ns))
    }

    /// Jumps there, however many starts lie in between.
    fn nth(&mut self, count: usize) -> Option<Duration> {
        self.number += count as u128;
        self.next()
    }
}

impl Segment {
    /// When, from the segment's beginning, the area reaches `area`, in nanoseconds.
    ///
    /// Both forms are t = 2a / (r + √(r² + 2a·slope)), which never subtracts nearly equal numbers
    /// as long as the rate rises. A falling stage is therefore read backwards from its end.
    fn time_of(&self, area: u128) -> u128 {
        if area == self.area_end {
            return self.duration_ns;
        }
        let time_ns = if self.from <= self.to {
            self.time_on_a_rise(area - self.area_start, self.from, self.to)
        } else {
            self.duration_ns as f64 - self.time_on_a_rise(self.area_end - area, self.to, self.from)
        };
        // Exact arithmetic puts this start before the end of its stage; rounding must not move it.
        (time_ns.max(0.0) as u128).min(self.duration_ns - 1)
    }

    fn time_on_a_rise(&self, area: u128, from: u32, to: u32) -> f64 {
        let (area, rate) = (area as f64, f64::from(from));
        let slope = f64::from(to - from) / self.duration_ns as f64;
        area / (rate + (rate * rate + area * slope).sqrt())
    }
}

fn duration_from_nanos(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanos / SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanos % SECOND) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(start: u32, unit: Duration, stages: &[(f64, u32)]) -> ArrivalSchedule {
        let stages: Vec<_> = stages
            .iter()
            .map(|&(secs, target)| Stage { duration: Duration::from_secs_f64(secs), target })
            .collect();
        ArrivalSchedule::new(start, unit, &stages)
    }

    fn offsets_ms(start: u32, unit: Duration, stages: &[(f64, u32)]) -> Vec<f64> {
        schedule(start, unit, stages).map(|offset| offset.as_nanos() as f64 / 1e6).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.000_6, "{found} for {expected}");
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn k6s_vector_for_a_slow_rise_and_fall() {
        let found = offsets_ms(0, SECOND, &[(5.0, 1), (1.0, 1), (5.0, 0)]);
        // k6's sixth start lies on the very end, 11 s, where ours ends.
        assert_close(&found, &[3162.278, 4472.136, 5500.0, 6527.864, 7837.722]);
    }

    #[test]
    fn k6s_vector_with_a_time_unit_of_a_third_of_a_second() {
        let found = offsets_ms(0, SECOND / 3, &[(5.0, 1), (1.0, 1), (5.0, 0)]);
        assert_close(&found[..3], &[1825.742, 2581.989, 3162.278]);
        // A third of a second is not a whole number of nanoseconds. The area is 18.000000018, and the
        // 18th start lies √(2 × 0.000000018 / 0.6 per s²) before the end.
        assert_eq!(found.len(), 18);
        assert!((found[17] - 10_999.755).abs() < 0.001, "{}", found[17]);
    }

    #[test]
    fn known_starts_of_steeper_schedules() {
        let found = offsets_ms(10, SECOND, &[(30.0, 200), (60.0, 200), (30.0, 10)]);
        assert_close(&found[..4], &[97.019, 188.722, 275.896, 359.153]);
        assert_eq!((found.len(), found[3149]), (18_299, 30_000.0));

        let found = offsets_ms(5, SECOND, &[(2.0, 20), (1.0, 20), (1.0, 0)]);
        assert_close(&found[..3], &[176.607, 322.160, 448.880]);
        assert_eq!(found.len(), 54);

        let found = offsets_ms(0, SECOND, &[(10.0, 50), (0.0, 100), (5.0, 100)]);
        assert_eq!((found.len(), found[249], found[250]), (749, 10_000.0, 10_010.0));
    }

    #[test]
    fn the_documented_spike_plans_1799_starts() {
        let spike = schedule(5, SECOND, &[(10.0, 25), (60.0, 25), (10.0, 5)]);
        assert_eq!((spike.total(), spike.count()), (1799, 1799));
    }

    #[test]
    fn a_stage_of_nothing_changes_nothing() {
        let plain = offsets_ms(3, SECOND, &[(2.0, 9), (1.0, 9)]);
        let padded = offsets_ms(3, SECOND, &[(0.0, 3), (2.0, 9), (0.0, 9), (1.0, 9)]);
        assert_eq!(plain, padded);
        assert_eq!(offsets_ms(0, SECOND, &[(60.0, 0)]), [0.0; 0]);
        assert_eq!(offsets_ms(7, SECOND, &[]), [0.0; 0]);
    }

    #[test]
    fn a_pause_between_two_loads_holds_its_fraction() {
        // 1.5 iterations before the pause; the second one comes half an area after it.
        let found = offsets_ms(1, SECOND, &[(1.5, 1), (0.0, 0), (10.0, 0), (0.0, 1), (1.0, 1)]);
        assert_close(&found, &[1000.0, 12_000.0]);
    }

    /// Seeded schedules: never decreasing, as many starts as the area, splitting a flat stage
    /// changes nothing.
    #[test]
    fn laws_hold_for_many_schedules() {
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..300 {
            let start = random(50) as u32;
            let stages: Vec<_> = (0..1 + random(5))
                .map(|_| (random(4000) as f64 / 1000.0, random(300) as u32))
                .collect();
            let schedule = schedule(start, SECOND, &stages);
            let total = schedule.total();
            let end = Duration::from_nanos(schedule.end_ns as u64);
            let offsets: Vec<_> = schedule.collect();
            assert_eq!(offsets.len() as u64, total, "{start} {stages:?}");
            assert!(offsets.is_sorted(), "{start} {stages:?}");
            assert!(offsets.last().is_none_or(|&last| last < end), "{start} {stages:?}");
        }
    }

    /// A falling ramp mirrors a rising one: the distances from the end are those from the start.
    #[test]
    fn a_fall_mirrors_a_rise_to_the_nanosecond() {
        let rise: Vec<_> = schedule(0, SECOND, &[(3600.0, 100)]).collect();
        let fall: Vec<_> = schedule(100, SECOND, &[(3600.0, 0)]).collect();
        let end = Duration::from_secs(3600);
        // The area is 180,000; start i of the rise is start 180,000 − i of the fall.
        assert_eq!((rise.len(), fall.len()), (179_999, 179_999));
        for (rise, fall) in rise.iter().zip(fall.iter().rev()) {
            assert!((end - *rise).abs_diff(*fall) <= Duration::from_nanos(1));
        }
    }
}
