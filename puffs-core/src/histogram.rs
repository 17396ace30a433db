//! Latencies, counted in buckets of a fixed number: log-linear, integers only.
//!
//! Each power of two has four buckets, so a bucket's middle is at most an eighth of the value away from what was
//! counted. Nothing here allocates, locks or fails; whoever shares one guards it. (The `hdrhistogram` crate counts the
//! same way, but wants `std` and allocates, which a kernel's locked sections forbid.)

const SUB_BITS: u32 = 2;
const SUB: u64 = 1 << SUB_BITS;
/// The longest latency told apart from longer ones, in nanoseconds: about 137 s.
const LONGEST: u64 = (1 << 37) - 1;
const BUCKETS: usize = bucket(LONGEST) + 1;

/// How often each latency occurred, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: [u32; BUCKETS],
    count: u64,
    sum: u64,
    max: u64,
}

/// The bucket of a latency.
const fn bucket(nanos: u64) -> usize {
    let nanos = if nanos > LONGEST { LONGEST } else { nanos };
    if nanos < SUB {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - SUB_BITS;
    (((shift as u64 + 1) << SUB_BITS) + ((nanos >> shift) & (SUB - 1))) as usize
}

/// The latency in the middle of a bucket.
const fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB {
        return bucket;
    }
    let shift = (bucket >> SUB_BITS) - 1;
    ((SUB + (bucket & (SUB - 1))) << shift) + ((1 << shift) >> 1)
}

impl Histogram {
    /// Without any latency in it.
    pub const EMPTY: Self = Histogram {
        buckets: [0; BUCKETS],
        count: 0,
        sum: 0,
        max: 0,
    };

    /// Counts one latency. When a bucket is full all are halved, so their proportions stay, and what is older weighs
    /// less from then on; the other figures stay at their largest values.
    pub fn record(&mut self, nanos: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket(nanos)) {
            match bucket.checked_add(1) {
                Some(more) => *bucket = more,
                None => self.halve(),
            }
        }
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(nanos);
        self.max = self.max.max(nanos);
    }

    fn halve(&mut self) {
        for bucket in &mut self.buckets {
            *bucket = bucket.div_ceil(2);
        }
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them together, in nanoseconds.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Their mean in nanoseconds; 0 when there are none.
    pub fn mean(&self) -> u64 {
        self.sum.checked_div(self.count).unwrap_or(0)
    }

    /// The longest, exactly.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The latency that `per_mille` thousandths of them do not exceed, to an eighth (in the last bucket, of two minutes and more, the longest); 0 when there are none. 500 is
    /// the median; 1000 and above the longest.
    pub fn quantile(&self, per_mille: u32) -> u64 {
        if per_mille >= 1000 {
            return self.max;
        }
        let all: u64 = self.buckets.iter().map(|&count| u64::from(count)).sum();
        let rank = (all * u64::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0;
        for (at, &count) in self.buckets.iter().enumerate() {
            seen += u64::from(count);
            if seen >= rank {
                // The last bucket holds whatever is longer, too.
                return match at + 1 == BUCKETS {
                    true => self.max,
                    false => middle(at).min(self.max),
                };
            }
        }
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: u64, wanted: u64) {
        assert!(
            found.abs_diff(wanted) <= wanted / 8,
            "{found}, not {wanted}"
        );
    }

    #[test]
    fn known_latencies_give_known_quantiles() {
        let mut histogram = Histogram::EMPTY;
        for micros in 1..=1000 {
            histogram.record(micros * 1000);
        }
        assert_eq!(histogram.count(), 1000);
        assert_eq!(histogram.sum(), 500_500_000);
        assert_eq!(histogram.mean(), 500_500);
        assert_eq!(histogram.max(), 1_000_000);
        for per_mille in [1, 10, 500, 900, 990, 999] {
            near(histogram.quantile(per_mille), u64::from(per_mille) * 1000);
        }
        assert_eq!(histogram.quantile(1000), 1_000_000);
    }

    #[test]
    fn each_latency_is_near_its_buckets_middle() {
        for power in 0..37 {
            for value in [1 << power, (3 << power) / 2, (2 << power) - 1] {
                near(middle(bucket(value)), value);
                assert!(bucket(value) <= bucket(value + 1));
            }
        }
    }

    #[test]
    fn the_middle_of_a_bucket_lies_in_it() {
        for at in 0..BUCKETS {
            assert_eq!(bucket(middle(at)), at);
        }
    }

    #[test]
    fn a_histogram_is_small() {
        assert_eq!(BUCKETS, 144);
        assert_eq!(size_of::<Histogram>(), 600);
    }

    #[test]
    fn nothing_and_too_much_are_counted_too() {
        let mut histogram = Histogram::EMPTY;
        assert_eq!((histogram.mean(), histogram.quantile(500)), (0, 0));
        histogram.record(0);
        assert_eq!((histogram.count(), histogram.quantile(500)), (1, 0));
        histogram.record(u64::MAX);
        assert_eq!(histogram.quantile(990), u64::MAX);
        assert_eq!(histogram.max(), u64::MAX);
    }

    #[test]
    fn a_full_bucket_keeps_the_proportions() {
        let mut histogram = Histogram::EMPTY;
        histogram.record(9000);
        histogram.buckets[bucket(1000)] = u32::MAX;
        histogram.buckets[bucket(9000)] = u32::MAX / 2;
        histogram.record(1000);
        // Two thirds and one third, as before.
        near(histogram.quantile(660), 1000);
        near(histogram.quantile(670), 9000);
        assert!(histogram.buckets[bucket(1000)] <= u32::MAX / 2 + 2);
        // One that is rare is not forgotten.
        let mut histogram = Histogram::EMPTY;
        histogram.record(50_000);
        histogram.buckets[bucket(1000)] = u32::MAX;
        histogram.record(1000);
        assert_eq!(histogram.buckets[bucket(50_000)], 1);
    }
}
