# Holds what the POSIX suite printed on a file system of ours against what it printed on tmpfs: awk -v topic= -f posix.awk known tmpfs ours
#
# Prints each difference that the table does not have, and each row of the table that is none. With -v complaints=1 there is one file after
# the table, with what the suite complained of on ours, and each complaint that the table does not have is printed.

# Whether the text is as the pattern says.
function fits(pattern, text,    part, n, i, at) {
	n = split(pattern, part, "*")
	if (n == 1)
		return pattern == text
	if (substr(text, 1, length(part[1])) != part[1])
		return 0
	text = substr(text, length(part[1]) + 1)
	for (i = 2; i < n; i++) {
		if ((at = index(text, part[i])) == 0)
			return 0
		text = substr(text, at + length(part[i]))
	}
	return length(text) >= length(part[n]) && substr(text, length(text) - length(part[n]) + 1) == part[n]
}

FNR == 1 { file++ }

file == 1 && $0 !~ /^#/ && index($0, topic "/") == 1 {
	split($0, cell, " [|] ")
	rows++
	row_line[rows] = cell[1]; row_ours[rows] = cell[2]; row_theirs[rows] = cell[3]
}

file > 1 && complaints {
	line = $0
	# Its place in the source, and what was expected.
	sub(/^[^ ]+: /, "", line)
	sub(/: not [^:]*$/, "", line)
	for (r = 1; r <= rows; r++)
		if (fits(row_line[r], line))
			break
	if (r > rows)
		print
	next
}

# A line may come again; the last arrow is the one before the result.
file > 1 {
	n = split($0, cell, " -> ")
	result = n > 1 ? cell[n] : ""
	line = n > 1 ? substr($0, 1, length($0) - length(result) - 4) : $0
	key = line "\t" ++times[file, line]
	if (!(key in text)) {
		order[++lines] = key
		text[key] = line
	}
	if (file == 2)
		theirs[key] = result
	else
		ours[key] = result
}

END {
	if (complaints)
		exit
	if (lines == 0)
		print topic " printed nothing"
	for (i = 1; i <= lines; i++) {
		key = order[i]
		our = key in ours ? ours[key] : "(no such line)"
		their = key in theirs ? theirs[key] : "(no such line)"
		if (our == their)
			continue
		for (r = 1; r <= rows; r++)
			if (fits(row_line[r], text[key]) && fits(row_ours[r], our) && fits(row_theirs[r], their))
				break
		if (r <= rows)
			used[r] = 1
		else
			print text[key] "\n    ours: " our "\n    tmpfs: " their
	}
	for (r = 1; r <= rows; r++)
		if (!(r in used))
			print "no longer different, take the row away: " row_line[r]
}
