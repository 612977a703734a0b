// The demo's desk, as a process of its own that is gone when we are.

import { spawn } from "node:child_process";
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** Starts the demo and waits until it serves. Returns what its first line says, and `stop`. */
export async function startDesk(binary) {
  const any = "127.0.0.1:0";
  const child = spawn(binary, ["demo", "--json", "--listen", any, "--smtp", any, "--imap", any], { stdio: ["ignore", "pipe", "pipe"] });
  process.once("exit", () => child.kill("SIGTERM")); // when we are ended in the middle
  const words = [];
  createInterface({ input: child.stderr }).on("line", line => words.push(line));
  const ended = new Promise(done => child.once("exit", (code, signal) => done(code ?? signal)));
  const stop = async () => {
    child.kill("SIGTERM");
    const slow = setTimeout(() => child.kill("SIGKILL"), 15_000);
    const how = await ended;
    clearTimeout(slow);
    return how;
  };
  const served = new Promise((done, fail) => {
    createInterface({ input: child.stdout }).once("line", line => done(JSON.parse(line)));
    child.once("error", fail);
    ended.then(how => fail(new Error(`the demo ended (${how}) before it served:\n${words.join("\n")}`)));
    setTimeout(() => fail(new Error(`the demo did not serve within 60 s:\n${words.join("\n")}`)), 60_000).unref();
  });
  try {
    return { ...(await served), stop, words };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Somebody's mail to the desk. */
export const mail = (desk, from, subject, text) =>
  send(desk, from, `From: ${from}\r\nTo: ${desk.support}\r\nSubject: ${subject}\r\nMessage-ID: <${Date.now()}.${Math.random()}@home.test>\r\n\r\n${text.replaceAll("\n", "\r\n")}`);

/** A whole message, by SMTP as any mail program sends it. */
export async function send(desk, from, message) {
  const [host, port] = desk.smtp.split(":");
  const socket = connect(Number(port), host);
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  const lines = [null, "EHLO home.test", `MAIL FROM:<${from}>`, `RCPT TO:<${desk.support}>`, "DATA",
    `${message.replace(/^\./gm, "..")}\r\n.`, "QUIT"];
  for (const line of lines) {
    if (line) socket.write(line + "\r\n");
    let said;
    do said = (await answers.next()).value ?? ""; while (said[3] === "-");
    if (!/^[23]/.test(said)) throw new Error(`the desk's mail server answers ${line}: ${said}`);
  }
  socket.end();
}

/** The first of the demo's people with this role. */
export const somebody = (desk, role) => desk.people.find(it => it.role === role);
