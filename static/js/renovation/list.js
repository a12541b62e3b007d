/* Lists of renovation sites and of monitored households: choosing all of a page, and how many are chosen on the button. */

const form = document.querySelector("form[data-many]");

if (form) {
  const all = form.querySelector("[data-all]");
  const boxes = [...form.querySelectorAll("tbody .pick input")];
  const button = form.querySelector("[data-count]");
  const plain = button.textContent;

  const show = () => {
    const n = boxes.filter((box) => box.checked).length;
    all.checked = n === boxes.length;
    all.indeterminate = n > 0 && n < boxes.length;
    button.disabled = n === 0;
    button.textContent = n ? button.dataset.count.replace("{n}", n) : plain;
  };

  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener("change", show);
  // The browser puts back what was chosen when one comes back to the page.
  window.addEventListener("pageshow", show);
  show();
}
