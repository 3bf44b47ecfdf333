// The page in Chromium, from a file: what it loads, what it says of each control, and that its numbers are the program's.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const program = process.env.ESPSIM;
const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const missing = !program ? "ESPSIM names no program" : existsSync(browserPath) ? undefined : `there is no ${browserPath}`;
if (missing && process.env.ESPSIM_REQUIRE_ALL) throw new Error(missing);
const options = { skip: missing ?? false, timeout: 240_000 };
const folder = mkdtempSync(join(tmpdir(), "espsim-live-"));
const file = join(folder, "what-if.html");
let browser;

before(async () => {
  if (missing) return;
  execFileSync(program, ["explore", "--out", file]);
  const quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];
  const args = [...quiet, "--disable-sync", "--no-first-run", "--disable-quic"];
  browser = await chromium.launch({ executablePath: browserPath, args });
});
after(() => browser?.close());

/** A page that is ready, with all that it said and asked for. */
async function opened(settings = {}, fragment = "") {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  page.on("pageerror", (error) => said.push(error.message));
  page.on("request", (request) => /^(file|blob|data):/.test(request.url()) || said.push(request.url()));
  const began = Date.now();
  await page.goto(pathToFileURL(file).href + fragment);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true" && window.espsim);
  return { page, said, began };
}

const round = (page, n) => page.waitForFunction((n) => Number(document.documentElement.dataset.round) >= n, n, { timeout: 200_000 });
const state = (page) => page.evaluate(() => window.espsim.state);

test("loads from a file, asks for nothing, and simulates soon", options, async () => {
  const { page, said, began } = await opened();
  await page.waitForFunction(() => Object.values(window.espsim?.found ?? {}).some((of) => of.simulated));
  console.log(`first simulated point after ${Date.now() - began} ms`);
  assert.ok(Date.now() - began < 20_000);
  await round(page, 1);
  assert.match(await page.textContent("#answer"), /carries most on 8 cores/);
  assert.deepEqual(said, []);
  const policy = await page.getAttribute('meta[http-equiv="Content-Security-Policy"]', "content");
  assert.ok(!policy.includes("unsafe-inline") && policy.includes("default-src 'none'"));
});

test("every control moves what is simulated and the address", options, async () => {
  const { page, said } = await opened();
  const moves = {
    direction: "transmit", packets: "512", transport: "tcp", cipher: "aes-256-gcm", cpu: "ice-lake-sp", stack: "vector",
    nic: "connectx-7", slot: "gen4-x8", card: "qat-4xxx", driver: "in-tree",
  };
  for (const [key, value] of Object.entries(moves)) {
    await page.selectOption(`#control-${key}`, value);
    await page.waitForFunction(([key, value]) => window.espsim.state[key] === value, [key, value]);
  }
  for (const [key, value] of Object.entries({ tunnels: 1000, cores: 4, ports: 2 })) {
    await page.fill(`#control-${key}`, String(value));
  }
  await page.uncheck("#control-saturate");
  await page.fill("#control-load", "12.5");
  await page.selectOption("#control-direction", "both");
  await page.selectOption("#control-train", "4");
  await round(page, 0);
  await page.waitForFunction(() => window.espsim.state.train === 4);
  const now = await state(page);
  const { direction, transport, ...rest } = moves;
  for (const [key, value] of Object.entries({ ...rest, direction: "both", tunnels: 1000, cores: 4, ports: 2, load: 12.5, train: 4 })) {
    assert.equal(now[key], value, key);
  }
  assert.equal(now.saturate, false);
  // The same again from the address alone.
  const again = await opened({}, await page.evaluate(() => location.hash));
  await again.page.waitForFunction(() => window.espsim);
  assert.deepEqual(await state(again.page), now);
  assert.deepEqual([...said, ...again.said], []);
});

test("more cores carry more, and a NIC without ESP says so", options, async () => {
  const { page } = await opened({}, "#cores=2");
  const carried = () => page.evaluate(() => window.espsim.found.host.limits.goodput_gbps);
  await page.waitForFunction(() => window.espsim?.found.host?.limits);
  const few = await carried();
  await page.fill("#control-cores", "6");
  await page.waitForFunction(() => window.espsim.state.cores === 6 && window.espsim.found.host.limits);
  assert.ok((await carried()) > 2 * few);
  await page.selectOption("#control-nic", "nic-100g");
  await page.waitForFunction(() => window.espsim.state.nic === "nic-100g");
  assert.match(await page.textContent("#designs"), /not to be had/);
});

test("numbers are the program's to the last digit", options, async () => {
  const { page } = await opened({}, "#packets=512&stack=vector&cores=2&saturate=false&load=5");
  await round(page, 3);
  const found = await page.evaluate(() => window.espsim.found);
  await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error("no leave")); });
  await page.click("#copy-scenario");
  writeFileSync(join(folder, "what-if.toml"), await page.inputValue("#by-hand"));
  await page.click("#copy-command");
  assert.match(await page.inputValue("#by-hand"), /espsim run what-if.toml --profile 'preset:zen4'/);
  const arguments_ = ["run", "what-if.toml", "--profile", "preset:zen4", "--draws", "0", "--out", "points"];
  execFileSync(program, arguments_, { cwd: folder, stdio: "ignore" });
  const [header, ...rows] = readFileSync(join(folder, "points/points.csv"), "utf8").trim().split("\n").map((line) => line.split(","));
  const at = (name) => header.indexOf(name);
  const metrics = new Map();
  for (const row of rows) {
    metrics.set([row[at("series")], row[at("traffic.packet")], row[at("metric")], row[at("basis")]].join(), row[at("value")]);
  }
  let compared = 0;
  for (const [design, { simulated }] of Object.entries(found)) {
    for (const { name, basis, value } of simulated.metrics) {
      const kept = metrics.get([design, "512 B", name, basis ?? ""].join());
      assert.equal(Number(value.toPrecision(9)), Number(kept), `${design} ${name}`);
      compared++;
    }
  }
  assert.ok(compared > 80, `${compared} numbers`);
});

for (const [width, colorScheme] of [[390, "light"], [390, "dark"], [2560, "light"]]) {
  test(`reads at ${width} px, ${colorScheme}`, options, async () => {
    const { page, said } = await opened({ viewport: { width, height: 844 }, colorScheme }, "#saturate=false&load=30");
    await round(page, 1);
    const [wide, smallest] = await page.evaluate(() => {
      const texts = [...document.querySelectorAll("body *")].filter((of) => of.checkVisibility() && [...of.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()));
      return [document.documentElement.scrollWidth, Math.min(...texts.map((of) => parseFloat(getComputedStyle(of).fontSize)))];
    });
    assert.ok(wide <= width, `${wide} px wide`);
    assert.ok(smallest >= 11, `${smallest} px`);
    assert.deepEqual(said, []);
    // A label for each control, and something to read behind each figure.
    const bare = await page.evaluate(() => [...document.querySelectorAll("input, select, textarea")].filter((of) => !of.labels?.length && !of.getAttribute("aria-label")).length);
    assert.equal(bare, 0);
    assert.ok((await page.locator("details table").count()) >= 2);
  });
}

test("simulates within a report, on what the report is of", options, async () => {
  writeFileSync(
    join(folder, "small.toml"),
    'title = "small"\nhost.cores = 3\ntraffic.packet = "512 B"\nrun.max_packets = 20000\n[[series]]\nname = "host"\nplacement = "host"\n',
  );
  const run = (...words) => execFileSync(program, words, { cwd: folder, stdio: "ignore" });
  run("run", "small.toml", "--profile", "preset:zen3", "--draws", "0", "--out", "small");
  run("report", "small", "--live", "--out", "report.html");
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  const said = [];
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  page.on("request", (request) => /^(file|blob|data|about):/.test(request.url()) || said.push(request.url()));
  await page.goto(pathToFileURL(join(folder, "report.html")).href);
  const inside = page.frame({ url: "about:srcdoc" });
  await inside.waitForFunction(() => window.espsim?.found.host?.simulated, null, { timeout: 60_000 });
  const begun = await inside.evaluate(() => window.espsim.state);
  assert.deepEqual([begun.cores, begun.packets, begun.cpu], [3, "512", "zen3"]);
  await inside.selectOption("#control-packets", "256");
  await inside.waitForFunction(() => window.espsim.state.packets === "256");
  assert.deepEqual(said, []);
});

test("what is past is asked no more while a control is dragged", options, async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  // What workers are asked, and of how many cores.
  await page.addInitScript(() => {
    window.asked = [];
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message) {
      if (message.request) window.asked.push(JSON.parse(message.request));
      return post.call(this, message);
    };
  });
  await page.goto(pathToFileURL(file).href);
  await round(page, 1);
  await page.evaluate(async () => {
    window.asked = [];
    const cores = document.querySelector("#control-cores");
    for (let n = 2; n <= 21; n++) {
      cores.value = String(n);
      cores.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve, 16));
    }
  });
  await page.waitForFunction(() => window.espsim.state.cores === 21 && window.espsim.round >= 1, null, { timeout: 200_000 });
  const asked = await page.evaluate(() => window.asked.map(({ ask, settings }) => [ask, settings["host.cores"]]));
  const last = asked.findIndex(([, cores]) => cores === 21);
  assert.ok(last >= 0);
  assert.deepEqual(asked.slice(last).filter(([, cores]) => cores !== 21), []);
});
