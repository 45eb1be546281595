//! The video clock: absolute deadlines at the client's frame rate, with the phase locked to the source.
//!
//! Pure: time comes in. Ticks are computed from an epoch, so that rounding never drifts. When a frame was late by
//! more than an interval the clock restarts from now instead of catching up in a burst (video-plane, loop 6).
//!
//! Phase lock: a source that paints at about our rate but a little before every tick gives a young picture; one that
//! paints a little after it gives a picture one interval old, and the slightest drift between both clocks turns that
//! into a beat of repeats and skips. The clock therefore moves its epoch until a tick comes a small margin after the
//! picture was published, and then follows the source's rate while it stays within [`LOCK_RANGE`] of ours.

/// A source whose rate differs by more than this is not followed.
const LOCK_RANGE: f64 = 0.015;
/// Largest move of the epoch a tick, as a part of the interval: a little more than the range, so that the lock holds.
const MAX_STEP: f64 = 0.02;
/// Part of the error that one tick removes.
const GAIN: f64 = 0.1;
/// Weight of a new observation in the averages.
const SMOOTHING: f64 = 0.1;
/// Observations before the source's rate is believed.
const SETTLE_OBSERVATIONS: u32 = 8;
/// Part of the interval that a late picture is waited for.
const PATIENCE: f64 = 0.2;
/// Margin between publication and tick, ns: a little more than a wake-up costs.
const MARGIN_NS: f64 = 400_000.0;

/// What [`FrameClock::advance`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// The next deadline lies in the future or was missed by less than an interval.
    OnTime,
    /// The clock restarted from now; it was late by so many ns.
    Restarted {
        /// ns between the missed deadline and now.
        late_ns: u64,
    },
}

/// Deadlines at a fixed rate. See the module's text.
#[derive(Clone, Debug)]
pub struct FrameClock {
    interval_ns: f64,
    epoch_ns: f64,
    tick: u64,
    source: SourcePhase,
}

#[derive(Clone, Debug, Default)]
struct SourcePhase {
    last_published_ns: u64,
    last_sequence: u32,
    observations: u32,
    period_ns: f64,
    age_ns: f64,
    jitter_ns: f64,
}

impl FrameClock {
    /// A clock of `fps` ticks a second whose first deadline is `start_ns`.
    pub fn new(fps: u32, start_ns: u64) -> Self {
        Self {
            interval_ns: 1e9 / f64::from(fps.max(1)),
            epoch_ns: start_ns as f64,
            tick: 0,
            source: SourcePhase::default(),
        }
    }

    /// The deadline of the coming frame, engine ns.
    pub fn deadline_ns(&self) -> u64 {
        (self.epoch_ns + self.tick as f64 * self.interval_ns) as u64
    }

    /// ns between two frames.
    pub fn interval_ns(&self) -> u64 {
        self.interval_ns as u64
    }

    /// Moves to the next deadline after a frame is done at `now_ns`.
    pub fn advance(&mut self, now_ns: u64) -> Advance {
        self.tick += 1;
        let deadline = self.deadline_ns();
        let late_ns = now_ns.saturating_sub(deadline);
        if late_ns as f64 <= self.interval_ns {
            return Advance::OnTime;
        }
        self.epoch_ns = now_ns as f64;
        self.tick = 0;
        Advance::Restarted { late_ns }
    }

    /// Tells the clock that the picture taken at `taken_ns` was the source's `sequence`-th, published at `published_ns`.
    /// A picture that was made because it was asked for has no phase of its own.
    pub fn observe(&mut self, taken_ns: u64, sequence: u32, published_ns: u64) {
        if published_ns >= taken_ns {
            return;
        }
        let source = &mut self.source;
        let pictures = sequence.wrapping_sub(source.last_sequence);
        let elapsed = published_ns.saturating_sub(source.last_published_ns) as f64;
        let first = source.last_published_ns == 0;
        source.last_sequence = sequence;
        source.last_published_ns = published_ns;
        if first || pictures == 0 || elapsed > 4.0 * self.interval_ns {
            // After a pause the phase says nothing about the next picture.
            source.observations = 0;
            return;
        }
        let period = elapsed / f64::from(pictures);
        let age = taken_ns.saturating_sub(published_ns) as f64;
        if source.observations == 0 {
            (source.period_ns, source.age_ns, source.jitter_ns) = (period, age, 0.0);
        }
        source.observations = source.observations.saturating_add(1);
        source.jitter_ns += SMOOTHING * ((age - source.age_ns).abs() - source.jitter_ns);
        source.period_ns += SMOOTHING * (period - source.period_ns);
        source.age_ns += SMOOTHING * (age - source.age_ns);
        if self.is_locked() {
            let margin = (MARGIN_NS + 2.0 * self.source.jitter_ns).min(self.interval_ns / 3.0);
            let limit = MAX_STEP * self.interval_ns;
            // The rate difference is added whole, so that the phase error has only noise to correct.
            let drift = self.source.period_ns - self.interval_ns;
            self.epoch_ns += (drift - GAIN * (age - margin)).clamp(-limit, limit);
        }
    }

    /// Until when a picture that is late may still be waited for, engine ns; `None` when nothing is expected. A locked
    /// source that paints at our rate has its next picture on the way: taking it late beats repeating the last one now
    /// and skipping this one afterwards.
    pub fn worth_waiting_until(&self, now_ns: u64) -> Option<u64> {
        let silent_ns = now_ns.saturating_sub(self.source.last_published_ns) as f64;
        let is_expected = self.is_locked() && silent_ns < 2.0 * self.interval_ns;
        is_expected.then(|| self.deadline_ns() + (PATIENCE * self.interval_ns) as u64)
    }

    /// True while the clock follows the source.
    pub fn is_locked(&self) -> bool {
        self.source.observations >= SETTLE_OBSERVATIONS
            && (self.source.period_ns / self.interval_ns - 1.0).abs() <= LOCK_RANGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Runs the clock against a painter; answers (new, repeats, skipped) of the last `seconds − 2` seconds.
    fn run(
        fps: u32,
        painter_hz: f64,
        seconds: u64,
        offset_ns: u64,
        jitter_ns: u64,
    ) -> (u32, u32, u32) {
        let start = 1_000_000_000;
        let mut clock = FrameClock::new(fps, start);
        let period = 1e9 / painter_hz;
        let mut noise = 12345_u64;
        let (mut taken, mut new, mut repeats, mut skipped) = (0_u32, 0, 0, 0);
        loop {
            let now = clock.deadline_ns();
            if now > start + seconds * 1000 * MS {
                return (new, repeats, skipped);
            }
            let counted = now > start + 2000 * MS;
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let sequence = ((now - start + offset_ns) as f64 / period) as u32 + 1;
            let published = start
                + ((f64::from(sequence - 1) * period) as u64).saturating_sub(offset_ns)
                + (noise >> 33) % jitter_ns.max(1);
            if published > now || sequence == taken {
                repeats += u32::from(counted);
            } else {
                new += u32::from(counted);
                skipped += if counted {
                    sequence.wrapping_sub(taken) - 1
                } else {
                    0
                };
                clock.observe(now, sequence, published);
                taken = sequence;
            }
            clock.advance(now + 5 * MS);
        }
    }

    #[test]
    fn ticks_do_not_drift() {
        let mut clock = FrameClock::new(60, 0);
        (0..600).for_each(|_| assert_eq!(clock.advance(clock.deadline_ns()), Advance::OnTime));
        assert_eq!(clock.deadline_ns(), 10_000_000_000);
    }

    #[test]
    fn a_long_stall_restarts_the_clock_and_a_short_one_does_not() {
        let mut clock = FrameClock::new(100, 0);
        assert_eq!(clock.advance(19 * MS), Advance::OnTime);
        assert_eq!(clock.deadline_ns(), 10 * MS);
        assert_eq!(
            clock.advance(95 * MS),
            Advance::Restarted { late_ns: 75 * MS }
        );
        assert_eq!(clock.deadline_ns(), 95 * MS);
        clock.advance(96 * MS);
        assert_eq!(clock.deadline_ns(), 105 * MS);
    }

    #[test]
    fn a_source_at_our_rate_is_followed_without_repeats_whatever_its_phase_and_drift() {
        for hz in [59.5, 59.94, 60.0, 60.06, 60.5] {
            for offset_ms in [0, 3, 8, 12, 16] {
                let (new, repeats, skipped) = run(60, hz, 20, offset_ms * MS, 300_000);
                assert!(new > 1050, "{hz} Hz, {offset_ms} ms: {new} new");
                assert!(
                    repeats <= 2 && skipped <= 2,
                    "{hz} Hz, {offset_ms} ms: {repeats} repeats, {skipped} skipped"
                );
            }
        }
    }

    #[test]
    fn a_source_that_paints_when_asked_leaves_the_clock_alone() {
        let mut clock = FrameClock::new(60, 1_000_000_000);
        for sequence in 1..=6000 {
            let now = clock.deadline_ns();
            clock.observe(now, sequence, now + 200_000);
            clock.advance(now + MS);
        }
        assert_eq!(clock.deadline_ns(), 101_000_000_000);
    }

    #[test]
    fn a_late_picture_is_waited_for_while_the_source_runs_and_not_on_a_still_screen() {
        let mut clock = FrameClock::new(100, 1_000_000_000);
        assert_eq!(
            clock.worth_waiting_until(1_000_000_000),
            None,
            "nothing is known yet"
        );
        for sequence in 1..=20 {
            let now = clock.deadline_ns();
            clock.observe(now, sequence, now - MS);
            clock.advance(now + MS);
        }
        let deadline = clock.deadline_ns();
        assert_eq!(clock.worth_waiting_until(deadline), Some(deadline + 2 * MS));
        assert_eq!(
            clock.worth_waiting_until(deadline + 30 * MS),
            None,
            "the screen stands still"
        );
    }

    #[test]
    fn a_slower_source_is_taken_whole_and_padded_with_repeats() {
        let (new, repeats, skipped) = run(60, 54.0, 20, 0, 0);
        assert!(
            (970..=974).contains(&new) && skipped == 0,
            "{new} new, {skipped} skipped"
        );
        assert!((106..=110).contains(&repeats), "{repeats} repeats");
    }

    #[test]
    fn a_faster_source_is_sampled_at_our_rate() {
        let (new, repeats, skipped) = run(60, 144.0, 10, 0, 0);
        assert_eq!(repeats, 0);
        assert!(
            (478..=482).contains(&new) && skipped > 600,
            "{new} new, {skipped} skipped"
        );
    }
}
