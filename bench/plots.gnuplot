# SPDX-License-Identifier: MIT
#
# Two plots from what summary.awk writes: latency.tsv and targets.tsv, in the current folder.

set terminal svg size 960, 600 dynamic background "white" font "sans,13"
set grid
set key outside right

set output "latency.svg"
set title "Merged lookup, one at a time, uniform: mean time by number of organizations"
set xlabel "organizations"
set ylabel "nanoseconds"
set logscale xy
set format x "%.0s %c"
engines = "orgdb orgdb_uncached lmdb_two_gets lmdb_one_get lmdb_naive sqlite_best sqlite_join rocksdb hashmap"
colors = "#000000 #707070 #1f77b4 #9ecae1 #17becf #ff7f0e #d62728 #8c564b #2ca02c"
if (int(system("grep -c '^[0-9]' latency.tsv")) > 0) {
	plot for [i = 1:words(engines)] "latency.tsv" index (i - 1) using 1:2 with linespoints \
		linewidth (i == 1 ? 4 : 2) linecolor rgb word(colors, i) title word(engines, i) noenhanced
}

reset
set terminal svg size 1100, 900 dynamic background "white" font "sans,11"
set output "targets.svg"
set title "Targets: times better than asked (1: just met)"
set datafile separator "\t"
set logscale x
set xrange [0.1:*]
set grid xtics
unset key
set yrange [:] reverse
set offsets 0, 0, 0.7, 0.7
set ytics noenhanced
set style fill solid 0.7
set arrow from 1, graph 0 to 1, graph 1 nohead linewidth 2 front
set lmargin 50
if (int(system("grep -c . targets.tsv")) > 0) {
	plot "targets.tsv" using (1):0:(1):2:($0 - 0.35):($0 + 0.35):ytic(1) with boxxyerror linecolor rgb "#a0a0d8", \
		"" using ($2 > 1 ? $2 : 1):0:(sprintf("%.2f", $2)) with labels left offset 1, 0
}
