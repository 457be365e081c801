// The list of clips: shows beside a result only what can be asked of it. Without this, all of it is there, and the site checks.
"use strict";
(() => {
  const form = document.querySelector("[data-filter]");
  const [result, test, value] = ["result", "test", "value"].map((name) => form?.elements.namedItem(name));
  if (!result || !test || !value) return;
  const results = JSON.parse(document.getElementById("filter-results").textContent);
  const tests = JSON.parse(document.getElementById("filter-tests").textContent);
  const valueLabel = form.querySelector(`label[for="${value.id}"]`);
  const group = (field) => field.closest(".form-group") ?? field;

  function show() {
    const chosen = results[result.value];
    group(test).hidden = !chosen;
    group(value).hidden = chosen?.type !== "number";
    if (!chosen) return;
    const wanted = test.value;
    test.replaceChildren(...Object.entries(tests[chosen.type]).map(([name, text]) => new Option(text, name)));
    if (wanted in tests[chosen.type]) test.value = wanted;
    valueLabel.textContent = chosen.unit ? `Value, ${chosen.unit}` : "Value";
  }

  result.addEventListener("change", () => {
    value.value = "";
    show();
    if (!group(value).hidden) value.focus();
  });
  // What is hidden is not asked for.
  form.addEventListener("submit", () => {
    for (const field of [test, value]) field.disabled = group(field).hidden;
  });
  addEventListener("pageshow", () => {
    for (const field of [test, value]) field.disabled = false;
  });
  show();
})();
