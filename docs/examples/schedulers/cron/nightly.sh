#!/usr/bin/env bash
# Build and sync one project, and print the log only if something failed, so that cron sends a mail only then.
# CDP_PROJECT is the project's folder; CDP_BIN the folder of `cdp`, by default the project's own environment.
set -uo pipefail
project=${CDP_PROJECT:-/srv/shop}
bin=${CDP_BIN:-$project/.venv/bin}
log=$project/logs/nightly.log

cd "$project"
mkdir -p logs
# Secrets are in a file that only this user can read. connections.yml names them with `env:NAME`.
if [ -f .env ]; then
    set -a
    . ./.env
    set +a
fi

"$bin/cdp" run > "$log" 2>&1
code=$?
# 5: the warehouse was in use or a server was busy. The next night repairs it; try once more now.
if [ "$code" -eq 5 ]; then
    sleep "${CDP_RETRY_AFTER:-300}"
    "$bin/cdp" run >> "$log" 2>&1
    code=$?
fi
if [ "$code" -ne 0 ]; then
    echo "cdp run ended with exit code $code."
    cat "$log"
fi
exit "$code"
