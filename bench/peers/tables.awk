# Makes tables of the driver's lines: what each side costs, and each beside `peer` (or the side that is last): the median of the ratios of the
# rounds, in which one batch of each ran, and the least and the largest of them.

BEGIN {
	FS = "\t"
	title["times"] = "Nanoseconds for an operation"
	title["instructions"] = "Instructions for an operation, those of caller, kernel and server together"
	title["calls-server"] = "System calls of the server for an operation"
	title["switches-server"] = "Context switches of the server for an operation"
	title["switches-caller"] = "Context switches of the caller for an operation"
	title["messages"] = "Messages for an operation, as each server counts them; those of `ours` are calls of its operations"
	title["calls"] = "Which system calls those of the server are"
	title["calibration"] = "What counts as an instruction"
	place["one"] = "; one processor"
	place["two"] = "; two processors"
	ntables = split("calibration. instructions.one times.one times.two messages.one calls-server.one calls-server.two calls.one calls.two " \
	    "switches-server.one switches-server.two switches-caller.one switches-caller.two", tables, " ")
}

NF != 5 { next }

$1 !~ /\./ { $1 = $1 "." }

{
	if (!(($1, $2) in seen)) {
		seen[$1, $2] = 1
		jobs[$1, ++njobs[$1]] = $2
	}
	if ($3 != "-" && !($3 in known)) {
		known[$3] = 1
		sides[++nsides] = $3
	}
	value[$1, $2, $3, $4] = $5
	if ($4 + 1 > rounds[$1])
		rounds[$1] = $4 + 1
}

function median(n,    i, j, x) {
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i - 1; j > 0 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function number(x) {
	return x >= 1000 ? sprintf("%d", x + .5) : x == int(x) && x > 100 ? sprintf("%d", x) : sprintf("%.2f", x)
}

# A case's value for a side: of rounds, the median.
function cost(table, job, side,    r, n) {
	n = 0
	for (r = 0; r < rounds[table]; r++)
		if ((table, job, side, r) in value)
			list[++n] = value[table, job, side, r] + 0
	return n ? number(median(n)) : "-"
}

function ratio(table, job, side,    r, n, x, m, y) {
	n = 0
	for (r = 0; r < rounds[table]; r++) {
		x = value[table, job, side, r] + 0
		y = value[table, job, peer, r] + 0
		if (y > 0)
			list[++n] = x / y
	}
	if (!n)
		return "-"
	m = median(n)
	return n == 1 ? sprintf("%.2f", m) : sprintf("%.2f (%.2f-%.2f)", m, list[1], list[n])
}

function words(table,    j, s, job) {
	for (j = 1; j <= njobs[table]; j++) {
		job = jobs[table, j]
		for (s = 1; s <= nsides; s++)
			printf "%-26s%-10s%s\n", s == 1 ? job : "", sides[s], value[table, job, sides[s], 0]
	}
}

function figures(table,    j, s, job) {
	printf "%-26s%12s", "case", peer
	for (s = 1; s <= nsides; s++)
		if (sides[s] != peer)
			printf "%12s %-20s", sides[s], "ratio"
	print ""
	for (j = 1; j <= njobs[table]; j++) {
		job = jobs[table, j]
		printf "%-26s%12s", job, cost(table, job, peer)
		for (s = 1; s <= nsides; s++)
			if (sides[s] != peer)
				printf "%12s %-20s", cost(table, job, sides[s]), ratio(table, job, sides[s])
		print ""
	}
}

END {
	peer = "peer" in known ? "peer" : sides[nsides]
	for (t = 1; t <= ntables; t++) {
		table = tables[t]
		if (!njobs[table])
			continue
		split(table, parts, ".")
		printf "\n%s%s\n\n", title[parts[1]], place[parts[2]]
		if (table == "calibration.")
			for (j = 1; j <= njobs[table]; j++)
				printf "%-40s%10d\n", jobs[table, j], value[table, jobs[table, j], "-", 0]
		else if (table ~ /^(messages|calls)\./)
			words(table)
		else
			figures(table)
	}
}
