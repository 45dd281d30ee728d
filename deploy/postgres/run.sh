#!/usr/bin/env bash
# From nothing to published marts on PostgreSQL. Again: only what is new is loaded and built.
#
#   ./run.sh [--no-compose] [FOLDER]
#
# FOLDER is the shop: one that is there is run, else the example dbt-data-mart is copied to it (default: shop/, here).
# --no-compose   the server at SHOP_HOST, SHOP_PORT is there already: init/ is run on it by psql, as POSTGRES_USER
# SHOP_ORDERS    how many orders a new example gets (default: 10000)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
compose=yes
folder=$here/shop

fail() {
    printf 'error: %s\n  hint: %s\n' "$1" "$2" >&2
    exit 1
}

for argument in "$@"; do
    case $argument in
        --no-compose) compose=no ;;
        -*) fail "there is no option $argument" "./run.sh [--no-compose] [FOLDER]" ;;
        *) folder=${argument%/} ;;
    esac
done

make_environment_file() {
    local line name value
    (
        umask 077
        while IFS= read -r line; do
            name=${line%%=*}
            value=${line#*=}
            if [[ $name == *PASSWORD && -z $value ]]; then
                line=$name=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
            fi
            printf '%s\n' "$line"
        done <"$here/.env.example" >"$here/.env.new"
    )
    mv "$here/.env.new" "$here/.env"
    echo "wrote $here/.env, with passwords of its own"
}

read_environment_file() {
    local name value
    while IFS='=' read -r name value; do
        [[ $name =~ ^[A-Z_]+$ ]] || continue
        [[ -n ${!name+set} ]] || export "$name=$value"
        [[ ${!name} =~ ^[A-Za-z0-9._~-]+$ ]] ||
            fail "$name is empty, or has a character that needs quoting" "letters, digits and . _ ~ - in $here/.env"
    done <"$here/.env"
}

start_database() {
    docker compose version >/dev/null 2>&1 ||
        fail "docker compose is not there" "install Docker with Compose, or type   ./run.sh --no-compose   for a server that you have"
    docker compose --project-directory "$here" up --detach --wait
}

prepare_server() {
    command -v psql >/dev/null || fail "psql is not there" "install PostgreSQL's client, 15 or later"
    for script in "$here"/init/*.sql; do
        PGPASSWORD=$POSTGRES_PASSWORD psql --no-psqlrc --quiet --no-password --set ON_ERROR_STOP=1 \
            --host "$SHOP_HOST" --port "$SHOP_PORT" --username "$POSTGRES_USER" --dbname postgres --file "$script"
    done
}

find_shophouse() {
    if command -v shophouse >/dev/null; then
        shophouse=$(command -v shophouse)
    else
        python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
            fail "python3 is older than 3.11" "install Python 3.11 or later"
        make --directory "$root" setup
        shophouse=$root/.venv/bin/shophouse
    fi
}

make_shop() {
    local incoming=$folder.new
    rm -rf "$incoming"
    mkdir -p "$(dirname "$folder")"
    cp -R "$root/examples/dbt-data-mart" "$incoming"
    # what was made where the example stands names that place
    rm -rf "$incoming"/{.shophouse,data,lake,logs,reports,warehouse}
    awk -v reader="$SHOP_READER" '
        $0 == "  kind: duckdb" { print "  kind: postgres\n  dsn: \"env:SHOP_DSN\"\n  readers: [" reader "]"; next }
        { print }
    ' "$root/examples/dbt-data-mart/shophouse.yml" >"$incoming/shophouse.yml"
    "$(dirname "$shophouse")/python" "$incoming/scripts/generate_data.py" "${SHOP_ORDERS:-10000}"
    mv "$incoming" "$folder"
    echo "made $folder"
}

[[ -f $here/.env ]] || make_environment_file
read_environment_file
if [[ $compose == yes ]]; then start_database; else prepare_server; fi
find_shophouse
[[ -f $folder/shophouse.yml ]] || make_shop

export SHOP_DSN="postgresql://$SHOP_USER:$SHOP_PASSWORD@$SHOP_HOST:$SHOP_PORT/$SHOP_DATABASE"
"$shophouse" run --project "$folder"
echo "look:  psql -h $SHOP_HOST -p $SHOP_PORT -U $SHOP_READER -d $SHOP_DATABASE -c 'select month_start_date, sum(net_sales_amount) as net_sales from sales_monthly group by 1 order by 1 desc limit 12'"
echo "       (the password of $SHOP_READER is SHOP_READER_PASSWORD in $here/.env)"
