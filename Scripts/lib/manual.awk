# Makes a page of dfuse's manual of what swift-argument-parser writes: named as `man` finds it
# (`man dfuse-flash`), each sentence on a line of its own, pairs such as --verify and --no-verify in one
# item, and no page named that is not there.
#
#   awk -v pages='dfuse dfuse-flash …' -f manual.awk dfuse.flash.1

function page_name(dotted) { gsub(/\./, "-", dotted); return dotted }

# Prints text so that no line of it is taken for a request, or is longer than 78 letters.
function print_words(sentence,   words, count, i, line) {
  count = split(sentence, words, " ")
  line = ""
  for (i = 1; i <= count; i++) {
    if (line != "" && length(line) + length(words[i]) > 76) { print_line(line); line = "" }
    line = line == "" ? words[i] : line " " words[i]
  }
  if (line != "") print_line(line)
}

function print_line(line) {
  if (line ~ /^['.]/) line = "\\&" line
  print line
}

# Each sentence on a line of its own, as mdoc wants it.
function print_text(text) {
  gsub(/\\/, "\\e", text)
  while (match(text, /[.] ['A-Z-]/)) {
    print_words(substr(text, 1, RSTART))
    text = substr(text, RSTART + 2)
  }
  print_words(text)
}

BEGIN {
  count = split(pages, list, " ")
  for (i = 1; i <= count; i++) known[list[i]] = 1
}

# Kept back until the next line shows whether it opposes the one before.
function flush_item() {
  if (item != "") { print item; item = "" }
  if (about != "") { print_text(about); about = "" }
}

/^\.\\" / { print ".\\\" Part of dfuse's manual, made of its own help by Scripts/install."; next }
/^\.Dt / { print ".Dt " toupper(page_name($2)) " " $3; next }
/^\.Sh / { flush_item(); section = $0; sub(/^\.Sh "?/, "", section); sub(/"$/, "", section) }
section == "NAME" && /^\.Nm / {
  name = $0; sub(/^\.Nm "?/, "", name); sub(/"$/, "", name)
  page = name; gsub(/ /, "-", page)
  print ".Nm " page
  next
}
/^\.Nd / {
  text = $0; sub(/^\.Nd "?/, "", text); sub(/\.?"?$/, "", text)
  print ".Nd " tolower(substr(text, 1, 1)) substr(text, 2)
  next
}
section == "SYNOPSIS" && /^\.Nm$/ { print ".Nm \"" name "\""; next }
/^\.Ex / {
  print "As"
  print ".Xr dfuse 1"
  print "has them."
  next
}
section == "SEE ALSO" {
  if ($1 == ".Xr") {
    see = page_name($2)
    if (see in known) also = also (also == "" ? "" : " ") see
  }
  next
}
/^\.It / {
  pair = $0; sub(/^\.It Fl -no-/, ".It Fl -", pair)
  if (pair != $0 && pair == item) { item = item " , Fl -no-" substr(pair, 9); twice = 1; next }
  flush_item()
  item = $0
  next
}
/^\.El/ { flush_item(); print; next }
/^\./ { flush_item(); if (paragraph) paragraph = 0; print; next }
/^[ \t]*$/ { flush_item(); paragraph = 1; next }
item != "" {
  if (twice) { twice = 0; about = about == $0 || about == "" ? $0 : about " " $0; next }
  about = about == "" ? $0 : about " " $0
  next
}
{ if (paragraph) { print ".Pp"; paragraph = 0 } print_text($0) }

END {
  flush_item()
  print ".Sh SEE ALSO"
  if (page != "dfuse") also = also == "" ? "dfuse" : "dfuse " also
  count = split(also, list, " ")
  for (i = 1; i <= count; i++) print ".Xr " list[i] " 1" (i < count ? " ," : "")
}
