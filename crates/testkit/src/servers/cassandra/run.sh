# Runs `java ARGUMENTS` in FOLDER, and ends it by its pid when the test says a word or is gone.
#
#   bash run.sh FOLDER ARGUMENTS...
#
# A line on stdin: kill -9, keep the folder. End of stdin, however the test process ended: kill -9, remove the folder.
folder=$1
shift
cd "$folder" || exit 1
# As root Cassandra would pin its heap in memory.
without=()
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null && command -v prlimit > /dev/null; then
  without=(prlimit --memlock=65536 setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock)
fi
"${without[@]}" java "$@" >> "$folder/log" 2>&1 < /dev/null &
pid=$!
while true; do
  read -r -t 0.5 keep && break
  # Above 128: nothing was said yet.
  [ $? -gt 128 ] || break
  kill -0 "$pid" 2> /dev/null || exit 1
done
kill -9 "$pid"
wait "$pid" 2> /dev/null
[ -n "$keep" ] || rm -rf -- "$folder"
