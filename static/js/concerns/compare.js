/* Before and after of a site of concern: side by side as the page comes, or one over the other with a range between. */

for (const box of document.querySelectorAll("[data-compare]")) {
  const range = box.querySelector("input");
  const top = box.querySelector(".compare-top");
  const button = box.querySelector("[data-side]");
  const label = range.closest("label");

  const show = () => {
    const over = button.getAttribute("aria-pressed") === "true";
    box.classList.toggle("is-over", over);
    label.hidden = !over;
    top.style.setProperty("clip-path", over ? `inset(0 0 0 ${range.value}%)` : "none");
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    show();
  });
  range.addEventListener("input", show);
  show();
}
