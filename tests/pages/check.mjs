// Checks pages: valid HTML (html-validate), no accessibility violation (axe-core) and nothing cut off, at three widths, light
// and dark. Arguments: the browser, then the pages. Prints one line per fault; status 1 if there is any.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { HtmlValidate } from "html-validate";
import puppeteer from "puppeteer-core";

const [browserPath, ...pages] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Pages are written as XML too, so that any parser reads them. The explorer's form applies each change at once: it has nothing to
// submit.
const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: { "void-style": "off", "attribute-boolean-style": "off", "doctype-style": "off", "no-inline-style": "off", "wcag/h32": "off",
    "attribute-empty-style": "off" },
});
const VIEWS = [[1280, "light"], [768, "dark"], [390, "light"], [390, "dark"]];
const faults = [];

const cutOff = () => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than its window");
  for (const place of document.querySelectorAll(".wide")) {
    if (place.scrollWidth > place.clientWidth + 1) {
      found.push(`a table (${place.querySelector("th").textContent}, …) is cut: ${place.scrollWidth} of ${place.clientWidth} px`);
    }
  }
  return found;
};

const browser = await puppeteer.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu"] });
for (const file of pages) {
  const report = await validator.validateFile(file);
  for (const { messages } of report.results) {
    for (const { ruleId, message, line } of messages) faults.push(`${file}:${line}: ${ruleId}: ${message}`);
  }
  for (const [width, scheme] of VIEWS) {
    const page = await browser.newPage();
    page.on("pageerror", (error) => faults.push(`${file}: script: ${error.message}`));
    await page.setViewport({ width, height: 800 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(pathToFileURL(file).href);
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
    const cut = await page.evaluate(cutOff);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run());
    for (const fault of cut) faults.push(`${file} at ${width} px: ${fault}`);
    for (const { id, nodes } of violations) faults.push(`${file} at ${width} px, ${scheme}: ${id}: ${nodes[0].html.slice(0, 200)}`);
    await page.close();
  }
}
await browser.close();
faults.forEach((fault) => console.log(fault));
process.exitCode = faults.length > 0 ? 1 : 0;
