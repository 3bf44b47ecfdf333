//! Chromium without a window, spoken to by the DevTools protocol over two pipes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// A browser that has not answered for so long will not.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes the pipes those that the browser reads and writes messages on: file descriptors 3 and 4.
const ON_PIPES: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    sent: u64,
    /// What happened on the page since it was asked for.
    events: Vec<Value>,
}

/// What a page did and how wide it is.
#[derive(Debug)]
pub struct Visit {
    /// Addresses of everything that was asked for, the page itself first.
    pub requests: Vec<String>,
    /// Errors, warnings and messages of the console.
    pub complaints: Vec<String>,
    /// Width of the content in CSS pixels. A phone widens its window to what does not fit: compare with what was asked.
    pub width: u64,
}

impl Browser {
    /// Starts Chromium with a profile of its own; `None` if there is none.
    pub fn start(folder: &Path) -> Option<Self> {
        let mut names = ["chromium", "chromium-browser", "google-chrome"].into_iter();
        let runs =
            |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
        let name = names.find(runs)?;
        let mut process = Command::new("sh")
            .args(["-c", ON_PIPES, "sh", name, "--headless", "--disable-gpu", "--disable-dev-shm-usage"])
            // Its sandbox does not work for root.
            .args(["--no-sandbox", "--no-first-run", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", folder.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, out) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (sender, from) = channel();
        thread::spawn(move || {
            for message in BufReader::new(out).split(0).map_while(Result::ok) {
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    break;
                }
            }
        });
        let mut browser = Browser { process, to, from, session: None, sent: 0, events: Vec::new() };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Loads a page in a window of a width.
    pub fn visit(&mut self, url: &str, width: u32) -> Visit {
        let metrics = json!({ "width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        self.events.clear();
        self.call("Page.navigate", json!({ "url": url }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.next();
            self.events.push(event);
        }
        // What the page would do after it has loaded.
        self.evaluate("new Promise(done => setTimeout(done, 300))");
        let width = self.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
        let of = |method: &'static str| self.events.iter().filter(move |event| event["method"] == method);
        let requests =
            of("Network.requestWillBeSent").map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned());
        let complaints = ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"];
        Visit {
            requests: requests.collect(),
            complaints: complaints.into_iter().flat_map(of).map(|event| event["params"].to_string()).collect(),
            width,
        }
    }

    /// Lays the page out as on a screen or on paper.
    pub fn medium(&mut self, medium: &str) {
        self.call("Emulation.setEmulatedMedia", json!({ "media": medium }));
    }

    /// The value of an expression in the page; of a promise, what it comes to.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let arguments = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", arguments);
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        answer["result"]["value"].clone()
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let message = self.next();
            if message["id"] == self.sent {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&self) -> Value {
        self.from.recv_timeout(PATIENCE).expect("the browser answers")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
