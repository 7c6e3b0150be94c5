# Makes a line for each suite of the events that Swift Testing writes, a JSON object a line, and shows
# every issue in full when it comes. (swiftlang/swift-testing, Documentation/ABI/JSON.md, version 0.)
#
# A suite's time is that from its start to its end: suites run side by side, so it is not that of its
# tests alone. With `-v list=FILE`, the names of the tests that failed go to that file.

# The JSON string that begins at the start of `text`, behind its opening quote.
function string(text,   out, at, c) {
  out = ""
  while (match(text, /["\\]/)) {
    out = out substr(text, 1, RSTART - 1)
    c = substr(text, RSTART, 1)
    at = RSTART
    if (c == "\"") return out
    c = substr(text, at + 1, 1)
    if (c == "n") c = "\n"
    else if (c == "t") c = "\t"
    else if (c == "r") c = "\r"
    else if (c == "u") c = "\\u"
    out = out c
    text = substr(text, at + 2)
  }
  return out text
}

# The value of a key, which has to be a string.
function value(line, key,   at) {
  key = "\"" key "\":\""
  at = index(line, key)
  return at ? string(substr(line, at + length(key))) : ""
}

# The moment of an event, in seconds.
function moment(line) {
  return match(line, /"absolute":[0-9.]+/) ? substr(line, RSTART + 11, RLENGTH - 11) + 0 : 0
}

# The suite that a test is in, or that an id is of: names of tests may have slashes.
function suite_of(id,   best, at, rest) {
  if (id in suites) return id
  best = ""
  rest = id
  at = 0
  while (match(rest, /\//)) {
    at += RSTART
    rest = substr(rest, RSTART + 1)
    if (substr(id, 1, at - 1) in suites) best = substr(id, 1, at - 1)
  }
  return best == "" ? "(no suite)" : best
}

# Shows an issue: its place, the test with the arguments, and all that is said of it.
function show_issue(line, id,   at, text) {
  if (match(line, /"line":[0-9]+/)) at = substr(line, RSTART + 7, RLENGTH - 7)
  text = value(line, "fileID")
  printf "%s%s", text == "" ? "" : text ":" at ": ", id == "" ? "(no test)" : id
  if ((at = index(line, "\"_testCase\":{\"displayName\":\"")))
    printf " [%s]", string(substr(line, at + length("\"_testCase\":{\"displayName\":\"")))
  print ""
  line = substr(line, index(line, "\"messages\":["))
  while ((at = index(line, "\"text\":\""))) {
    line = substr(line, at + 8)
    text = string(line)
    gsub(/\n/, "\n    ", text)
    print "    " text
  }
}

# The line of a suite.
function show_suite(id, time,   line) {
  line = sprintf("%-4s  %-48s %4d test%s", (bad[id] || id in failed) ? "FAIL" : "ok", id, count[id],
    count[id] == 1 ? " " : "s")
  line = line time
  if (bad[id]) line = line ", " bad[id] " failed"
  if (skipped[id]) line = line ", " skipped[id] " skipped"
  print line
  fflush()
}

/^\{"kind":"test",/ {
  if (index($0, "\"kind\":\"suite\"")) suites[value($0, "id")] = 1
  next
}

index($0, "\"kind\":\"testStarted\"") { started[value($0, "testID")] = moment($0); next }

index($0, "\"kind\":\"issueRecorded\"") {
  if (index($0, "\"isKnown\":true") || index($0, "\"severity\":\"warning\"")) next
  id = value($0, "testID")
  failed[id] = 1
  show_issue($0, id)
  fflush()
  next
}

index($0, "\"kind\":\"testSkipped\"") { skipped[suite_of(value($0, "testID"))]++; next }

index($0, "\"kind\":\"testEnded\"") {
  id = value($0, "testID")
  suite = suite_of(id)
  if (id != suite) {
    count[suite]++
    if (id in failed) {
      bad[suite]++
      if (list != "") print id > list
    }
    next
  }
  show_suite(id, sprintf("  %7.1f s", moment($0) - started[id]))
}

END { if (count["(no suite)"]) show_suite("(no suite)", "") }
