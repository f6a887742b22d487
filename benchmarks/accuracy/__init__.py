"""Our models against what an engineer would install instead, on one table.

    make benchmark-accuracy                      all data sets, all rivals; stop and go on at will
    python -m benchmarks.accuracy --smoke        20 series and 10 steps of each, to see that it runs
    python -m benchmarks.accuracy --report       the tables of what is stored, without running

The same for all rivals:
- three windows of one horizon each, the last ones before the end of the data, none overlapping;
- global models are fitted once, on the data up to the first cutoff, and forecast all three windows
  from what was known at each; methods for single series are fitted anew at each cutoff, as they
  must be;
- one thread; every rival in a process of its own, one after the other;
- nine quantile levels; series with an observation before the first cutoff; gaps in history filled
  from the series' own past where a library cannot read gaps, missing actuals left out;
- quantiles sorted, and at least zero where a series never was below zero before the cutoff;
- the same known covariates and attributes, where the rival can read any.
"""
