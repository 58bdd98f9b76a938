"use strict";
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  if (target) target.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();
const search = document.getElementById("search");
if (search) {
  search.parentElement.hidden = false;
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const finding of document.querySelectorAll(".finding")) {
      const text = finding.textContent.toLowerCase();
      finding.classList.toggle("out", !words.every((word) => text.includes(word)));
    }
  });
}
const picture = document.querySelector("svg.er");
if (picture) {
  const light = (event) => {
    const table = event.target.closest(".t");
    const lit = new Set(table ? [table.dataset.t] : []);
    for (const edge of picture.querySelectorAll(".e")) {
      const on = Boolean(table) && (edge.dataset.a === table.dataset.t || edge.dataset.b === table.dataset.t);
      edge.classList.toggle("lit", on);
      if (on) lit.add(edge.dataset.a).add(edge.dataset.b);
    }
    for (const box of picture.querySelectorAll(".t")) box.classList.toggle("lit", lit.has(box.dataset.t));
  };
  picture.addEventListener("pointerover", light);
  picture.addEventListener("focusin", light);
}
