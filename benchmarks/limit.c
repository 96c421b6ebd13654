/* What is the least that the rules of binance-2020 cost? A plain loop of the same work on the same arrays, for these rules and no other:
   silence, weight, median, 5 % band with the margin of a tie, several out: the median; weighted mean, quorum of three, the last value kept. Live prices are sorted by insertion; with -DNETWORK, for eight
   sources and by a network without branches. */

#include <math.h>
#include <stdint.h>

enum { USED = 0, OUTLIER = 2, STALE = 3, ABSENT = 6, OK = 0, HALTED = 3, MOST = 64, QUORUM = 3 };

static const double TIE = 1e-12, BAND = 0.05;

static int same(double a, double b) { return fabs(a - b) <= TIE * fmax(fabs(a), fabs(b)); }

/* Half of the weight goes to the sources at a price, each its part by weight. */
static void give(double target, int live, const int *pool, const double *given, const double *price, double *share) {
    double total = 0.0;
    for (int k = 0; k < live; k++)
        if (same(price[pool[k]], target)) total += given[pool[k]];
    for (int k = 0; k < live; k++)
        if (same(price[pool[k]], target)) share[pool[k]] += 0.5 * given[pool[k]] / total;
}

#ifdef NETWORK
/* Eight sources and no branch: who is not live comes last. */
static void rank_eight(const double *price, const int8_t *reason, double *ranked) {
    static const int8_t network[19][2] = {{0, 2}, {1, 3}, {4, 6}, {5, 7}, {0, 4}, {1, 5}, {2, 6}, {3, 7}, {0, 1}, {2, 3},
                                          {4, 5}, {6, 7}, {2, 4}, {3, 5}, {1, 4}, {3, 6}, {1, 2}, {3, 4}, {5, 6}};
    for (int s = 0; s < 8; s++) ranked[s] = reason[s] == USED ? price[s] : INFINITY;
#pragma GCC unroll 19
    for (int k = 0; k < 19; k++) {
        const double a = ranked[network[k][0]], b = ranked[network[k][1]];
        ranked[network[k][0]] = a < b ? a : b;
        ranked[network[k][1]] = a < b ? b : a;
    }
}
#endif

void limit(int64_t rows, int64_t sources, int64_t silence, const double *given, const double *price, const int64_t *age, const int8_t *why,
           double *last, double *value, int8_t *status, double *weight, double *used, int8_t *reason) {
    const int n = (int)sources;
    int pool[MOST];
    double ranked[MOST];
    for (int64_t row = 0; row < rows; row++, price += n, age += n, why += n, weight += n, used += n, reason += n) {
        int live = 0;
        for (int s = 0; s < n; s++) {
            const int8_t judged = given[s] <= 0.0 ? ABSENT : why[s] != USED ? why[s] : age[s] > silence ? STALE : USED;
            reason[s] = judged;
            weight[s] = 0.0;
            used[s] = NAN;
            if (judged == USED) pool[live++] = s;
        }
        value[row] = NAN;
        status[row] = HALTED;
        if (live < QUORUM) continue;
#ifdef NETWORK
        rank_eight(price, reason, ranked);
#else
        for (int k = 0; k < live; k++) {
            const double p = price[pool[k]];
            int j = k;
            for (; j > 0 && ranked[j - 1] > p; j--) ranked[j] = ranked[j - 1];
            ranked[j] = p;
        }
#endif
        const double low = ranked[(live - 1) / 2], high = ranked[live / 2], middle = 0.5 * (low + high), half_band = BAND * fabs(middle);
        int out = 0;
        for (int k = 0; k < live; k++) {
            const double p = price[pool[k]];
            if (fabs(p - middle) - half_band > TIE * fmax(fabs(p), fabs(middle))) {
                reason[pool[k]] = OUTLIER;
                out++;
            }
        }
        double found, total = 0.0, weighted = 0.0;
        if (out > 1) {
            found = middle;
            give(low, live, pool, given, price, weight);
            give(high, live, pool, given, price, weight);
            for (int k = 0; k < live; k++)
                if (weight[pool[k]] > 0.0) reason[pool[k]] = USED;
        } else {
            for (int s = 0; s < n; s++)
                if (reason[s] == USED) {
                    total += given[s];
                    weighted += given[s] * price[s];
                }
            found = weighted / total;
        }
        const int good = found > 0.0 && found < INFINITY;
        for (int s = 0; s < n; s++) {
            if (!good)
                weight[s] = 0.0;
            else if (reason[s] == USED) {
                if (out <= 1) weight[s] = given[s] / total;
                used[s] = price[s];
            }
        }
        if (good) {
            value[row] = *last = found;
            status[row] = OK;
        }
    }
}
