-- prices.lua - which entry of the standard price book a line of a document names.
--
-- In the file's own currency it is the one that we make (price.lua, expense_price.lua).  Salesforce wants one in the document's currency;
-- in any other the books have no price, so a person makes that entry, once.
--
-- shared "prices" { as = "price", of = "Item", id = item "ItemRef.id", called = "item.ItemRef.name", price = "...", product = "...",
-- currency = ..., if_ = ... }: its needs, and the entry.  It wants the need "book".

return function(line)
  local foreign = all { eq(fact "target.currencies", "many"), ne(line.currency, fact "source.currency") }
  local ours, product, theirs = line.as, line.as .. "_product", line.as .. "_in_currency"
  local function wanted(cond) return line.if_ and all { line.if_, cond } or cond end

  return {
    needs = {
      [ours]    = ensure { line.price, of = { entity = line.of, id = line.id }, if_ = wanted(not_(foreign)) },
      [product] = ensure { line.product, of = { entity = line.of, id = line.id }, if_ = wanted(foreign) },
      [theirs]  = find { entity = "PricebookEntry", by = { Product2Id = ref(product), Pricebook2Id = ref "book", CurrencyIsoCode = line.currency }, about = text("{" .. line.called .. "}"),
                    if_ = wanted(foreign), on_none = hold { cause = "no_price_in_currency", why = "the standard price book has no entry for {" .. line.called .. "} in the document's currency, {CurrencyRef.name}",
                      fix = "add one to the product in Salesforce, of any price; then mlc release" } },
    },
    entry = when(foreign, ref(theirs), ref(ours)),
  }
end
