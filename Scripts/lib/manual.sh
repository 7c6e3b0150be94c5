# shellcheck shell=bash
# Sourced by the scripts: writes the pages of the manual into a folder, `dfuse.1` and one for each command
# (`man dfuse-flash`). The text of a command's page is its own help; the exit statuses are README's.
#
#   write_manual ROOT GENERATOR PROGRAM DATE FOLDER
#
# GENERATOR is swift-argument-parser's generate-manual, DATE is that of the release (2027-01-31).

write_manual() {
  local root=$1 generator=$2 program=$3 date=$4 folder=$5
  local raw page name names=() about dated commands statuses
  raw=$(mktemp -d)
  "$generator" --multi-page --date "$date" --output-directory "$raw" "$program"
  rm -f "$raw/dfuse.help.1"
  for page in "$raw"/*.1; do
    name=$(basename "$page" .1)
    names+=("${name//./-}")
  done
  commands=$raw/commands statuses=$raw/statuses
  : >"$commands"
  for page in "$raw"/dfuse.*.1; do
    name=$(basename "$page" .1)
    name=${name//./-}
    awk -v pages="${names[*]}" -f "$root/Scripts/lib/manual.awk" "$page" >"$folder/$name.1"
    about=$(sed -n 's/^\.Nd "\{0,1\}\(.*[^."]\)[."]*$/\1./p' "$page")
    printf '.It Xr %s 1\n%s\n' "$name" "$about" >>"$commands"
  done
  # README's table of statuses, a row an item.
  awk -F '|' '
    /^\| status \| meaning \|/ { inside = 1; next }
    inside && !/^\|/ { exit }
    inside && $2 !~ /--/ {
      gsub(/[ `]/, "", $2); gsub(/^ +| +$/, "", $3); gsub(/`/, "", $3)
      printf ".It %s\n%s\n", $2, $3
    }' "$root/README.md" >"$statuses"
  dated=$(LC_ALL=C date -u -d "$date" '+%B %-d, %Y' 2>/dev/null || echo "$date")
  sed -e "s/@date@/$dated/" -e "/^@commands@$/{r $commands" -e 'd;}' \
    -e "/^@statuses@$/{r $statuses" -e 'd;}' "$root/docs/dfuse.1.in" >"$folder/dfuse.1"
  # `dfuse_pack` takes the options of `dfuse pack`.
  sed -e 's/^\.Dt DFUSE-PACK/.Dt DFUSE_PACK/' -e 's/^\.Nm dfuse-pack$/.Nm dfuse_pack/' \
    -e 's/^\.Nm "dfuse pack"$/.Nm dfuse_pack/' "$folder/dfuse-pack.1" >"$folder/dfuse_pack.1"
  rm -rf "$raw"
}
