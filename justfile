# Every recipe is a plain cargo line too; README.md has both.

set windows-shell := ["powershell.exe", "-NoLogo", "-NoProfile", "-Command"]

# What `just extract` takes when nothing is said: the synthetic dump, with its key that is no secret.
synthetic := "--input fixtures/dumps/spacetime-migration-7.synthetic.json --output fixtures/local/works-list.local.json --sample-output fixtures/works-list.sample.json --key-file fixtures/keys/synthetic-dump.public-key.txt"

# List the recipes.
default:
    @just --list

# Turn a private dump into load-test data; without arguments, the committed synthetic one.
extract *ARGS:
    cargo run --release --locked -p extract -- {{ if ARGS == "" { synthetic } else { ARGS } }}

# One virtual user for 30 s, against an embedded gallery or BASE_URL.
smoke *ARGS:
    cargo run --release --locked -p loadtest -- smoke {{ARGS}}

# Ten virtual users for 3 min.
baseline *ARGS:
    cargo run --release --locked -p loadtest -- baseline {{ARGS}}

# Iterations at a rate that rises, holds and falls.
spike *ARGS:
    cargo run --release --locked -p loadtest -- spike {{ARGS}}

# The scenarios that SCENARIO names, at once.
run *ARGS:
    cargo run --release --locked -p loadtest -- run {{ARGS}}

# The highest arrival rate that holds an objective (SLO).
capacity *ARGS:
    cargo run --release --locked -p loadtest -- capacity {{ARGS}}

# One load for two services, BASE_URL and NEW_URL: did the new one become slower?
pair *ARGS:
    cargo run --release --locked -p loadtest -- pair {{ARGS}}

# What a run of the same settings would do; nothing is sent.
plan *ARGS:
    cargo run --release --locked -p loadtest -- plan {{ARGS}}

# A result that a run wrote, as other reports.
report *ARGS:
    cargo run --release --locked -p loadtest -- report {{ARGS}}

# Shapes of bodies: check, learn, print, list.
shape *ARGS:
    cargo run --release --locked -p loadtest -- shape {{ARGS}}

# The gallery service alone, on 127.0.0.1:8787.
gallery *ARGS:
    cargo run --release --locked -p gallery-server -- {{ARGS}}

# Make the committed synthetic dump again, or another one.
dump *ARGS:
    cargo run --release --locked -p synthetic-dump -- {{ if ARGS == "" { "--output fixtures/dumps/spacetime-migration-7.synthetic.json" } else { ARGS } }}

# All tests, examples in the documentation included.
test *ARGS:
    cargo test --workspace --locked {{ARGS}}

# Format, clippy and documentation, with warnings denied.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo doc --workspace --no-deps --locked

# What CI runs.
ci:
    bash .ci/run

# Any bytes against the scanner, for SECONDS; needs cargo-fuzz and a nightly compiler.
fuzz TARGET="scan" SECONDS="660":
    mkdir -p fuzz/corpus/{{TARGET}} fuzz/seeds/{{TARGET}}
    cargo +nightly fuzz run {{TARGET}} fuzz/corpus/{{TARGET}} fuzz/seeds/{{TARGET}} -- -max_total_time={{SECONDS}} -max_len=4096

# Our load test beside k6, k9-load, oha, wrk and hey, in half an hour; README.md says what it needs.
bench-peers *ARGS:
    cargo build --profile dist --locked -p loadtest -p referee
    cargo run --profile dist --locked -p referee -- bench {{ARGS}}

# Our own measurements; docs/BENCHMARKS.md keeps what they said.
bench:
    cargo bench --profile dist --locked -p probe --bench check_body
    cargo bench --profile dist --locked -p anonymize --bench extract
    cargo bench --profile dist --locked -p anonymize --bench scan
    cargo bench --profile dist --locked -p anonymize --bench rows
    cargo bench --profile dist --locked -p leak-audit --bench audit
    cargo bench --profile dist --locked -p extract --bench whole
    cargo bench --profile dist --locked -p workload --bench round_trip
