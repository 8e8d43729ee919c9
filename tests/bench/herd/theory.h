// What the theory of cache stampedes says about a herd, to stand beside what was measured.
//
// rate: requests a second for one key. cost: seconds to compute its value. slots: jobs that the origin works on at full
// speed, 0 for no limit. beta: how eagerly a value is refreshed early (Vattani, Chierichetti and Lowenstein, "Optimal
// Probabilistic Cache Stampede Prevention", PVLDB 8(8), 2015: a reader refreshes with probability
// exp(-left / (beta * cost))). Pure functions; any thread.
#pragma once

namespace herdgate::bench {

// Seconds from the end of a value to the first new one when every miss computes. While all jobs fit in the slots it is
// the cost; above, the jobs slow each other down and it grows exponentially: (slots/rate) * exp(rate*cost/slots - 1).
double UnprotectedWindow(double rate, double cost, double slots);
// Jobs that start in that window.
double UnprotectedRecomputes(double rate, double cost, double slots);

// One flight in each of `pods` sidecars, but no lease between them: the pods that are asked before the first value.
double RecomputesPerPodFlight(double rate, double cost, unsigned pods);

// Early refresh without any coordination: e^(1/beta) whatever the load, and the least k with
// P(recomputes <= k) >= quantile.
double RecomputesEarly(double beta);
double RecomputesEarlyQuantile(double beta, double quantile);
// With one flight per pod, the pods not coordinated: 1 + (P-1) * a / (P + a), a = e^(1/beta) - 1. The first fires at a
// total intensity x ~ Exp(1), and while it computes the other pods fire with intensity a * x / P each.
double RecomputesEarlyPerPod(double beta, unsigned pods);
// Mean seconds before its end at which a value is refreshed.
double RefreshGap(double rate, double cost, double beta);

}  // namespace herdgate::bench
