// Fills in the form as a person would, first wrongly, and prints what there was to see.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const { address, wrong, right, pictures } = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
const context = await browser.newContext({ timezoneId: "Europe/Brussels" });
const page = await context.newPage();
page.setDefaultTimeout(10_000);
const failures = [];
page.on("pageerror", (error) => failures.push(String(error)));
await page.addInitScript("window.canary = () => { throw new Error('canary'); };");

async function fill(values) {
  for (const [label, value] of Object.entries(values)) {
    const input = page.getByLabel(label).first();
    const element = await input.evaluate(({ tagName, type }) => `${tagName} ${type}`);
    if (element.startsWith("SELECT")) await input.selectOption({ label: value });
    else if (element === "INPUT checkbox") await input.setChecked(value);
    else await input.fill(value);
  }
}

// In here it is the browser that runs.
function look() {
  return [...document.querySelectorAll(".rjsf-field")]
    .filter((field) => !field.querySelector(".rjsf-field"))
    .map((field) => {
      const texts = (selector) => [...field.querySelectorAll(selector)].map((each) => each.textContent);
      const { type, value, required, placeholder } = field.querySelector("input, select, textarea");
      return {
        label: field.querySelector(".control-label, .checkbox label").textContent,
        type,
        value: type === "checkbox" ? "" : value,
        required,
        placeholder,
        help: texts(".field-description, .help-block"),
        options: texts("select option"),
        boxes: texts(".checkboxes label"),
        faults: texts(".text-danger"),
      };
    });
}

const submit = page.getByRole("button", { name: "Submit" });
await page.goto(address);
await submit.waitFor();
const form = await page.evaluate(look);
await page.screenshot({ path: pictures.form, fullPage: true });

await fill(wrong);
await submit.click();
await page.locator(".text-danger").first().waitFor();
const refused = await page.evaluate(look);
await page.screenshot({ path: pictures.refused, fullPage: true });

await fill(right);
await submit.click();
await page.locator("output:not(:empty)").waitFor();
const created = await page.locator("output").textContent();
const accepted = await page.evaluate(look);

await browser.close();
console.log(JSON.stringify({ form, refused, accepted, created, failures }));
