# ml-connector: a WooCommerce shop's signed webhooks -> mapping -> POST with an Idempotency-Key; one tenant a flow
MLC="$MLC_BUILD/host/mlc"
D="$WORK/deployment"
tenant() { printf 't%04d' "$1"; }
case $1 in
check) test -x "$MLC" && test -f "$MLC_BUILD/tests/connectors/sink/sink.so" ;;
prepare)
  "$MLC" init "$D" > /dev/null
  rm -rf "$D/tenants" "$D/mappings"
  mkdir -p "$D/tenants" "$D/mappings/woocommerce-sink"
  cp "$MLC_BUILD/tests/connectors/sink/sink.so" "$MLC_BUILD/plugins/woocommerce/woocommerce.so" "$D/plugins/"
  cp "$MLC_SOURCE/tests/connectors/sink/orders.lua" "$D/mappings/woocommerce-sink/"
  cat > "$D/mlc.lua" <<EOF
return {
  public = { address = "127.0.0.1", port = $PORT, url = "http://127.0.0.1:$PORT" },
  admin = { address = "127.0.0.1", port = $AUX_PORT },
  outbound = { allow_private = { "127.0.0.0/8" } },
}
EOF
  i=1
  while [ $i -le "$FLOWS" ]; do
    t=$(tenant $i)
    mkdir -p "$D/tenants/$t"
    cat > "$D/tenants/$t/tenant.lua" <<EOF
return tenant {
  title = "Tenant $i",
  connections = {
    shop = { connector = "woocommerce", url = "http://127.0.0.1:9", auth = "oauth1" },
    books = { connector = "sink", url = "$SINK" },
  },
  flows = { integration "woocommerce-sink" { woocommerce = "shop", sink = "books", start = "2020-01-01", mode = "live" } },
}
EOF
    printf %s "$SECRET" | "$MLC" secret set --dir "$D" "$t/shop" webhook_secret > /dev/null
    printf ck_bench | "$MLC" secret set --dir "$D" "$t/shop" consumer_key > /dev/null
    printf cs_bench | "$MLC" secret set --dir "$D" "$t/shop" consumer_secret > /dev/null
    i=$((i + 1))
  done ;;
path) echo "/hooks/$(tenant 1)/shop" ;;
start) exec "$MLC" run --dir "$D" ;;
esac
