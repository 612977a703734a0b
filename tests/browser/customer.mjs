// A customer who has a password: their own requests and nothing else.

import { somebody } from "./desk.mjs";
import { answers } from "./rating.mjs";

export async function customer(desk, begin) {
  const asked = await begin("asked");
  await answers(asked, desk);
  const visit = await begin("customer");
  await visit.step("signs in", () => visit.signIn(somebody(desk, "customer")));
  await followsARequest(visit);
  await asksSomething(visit);
  await visit.step("asks for what is not theirs", async () => {
    await visit.expecting(403, () => visit.goTo("/tickets"));
    await visit.expecting(404, () => visit.goTo("/my/99999"));
    await visit.look("error-404");
  });
  await visit.step("looks at their profile and signs out", async () => {
    await visit.goTo("/profile");
    await visit.look("profile");
    await visit.page.getByRole("button", { name: /^Account/ }).click();
    await visit.page.screenshot({ path: `${visit.pictures}/customer-account-menu.png` });
    await visit.press("Sign out");
    await visit.sees(visit.page.getByRole("button", { name: "Sign in" }));
  });
}

async function followsARequest(visit) {
  const { page } = visit;
  await visit.step("looks at their requests", async () => {
    await visit.sees(page.locator(".plist a"));
    await visit.look("requests");
    await visit.leadingOn(() => page.locator(".plist a").first().click());
    await visit.look("request");
  });
  await visit.step("writes on one", async () => {
    await page.getByLabel("Your reply").fill("It still happens, every evening at nine.");
    await visit.press("Send");
    await visit.sees(page.locator(".msg", { hasText: "every evening at nine" }));
  });
  await visit.step("closes it and opens it again", async () => {
    await visit.press("This is solved");
    await visit.sees(page.locator(".flash.ok"));
    await visit.look("request-closed");
    await visit.press("Not solved: open again");
    await visit.sees(page.locator(".flash.ok"));
    await visit.sees(page.getByRole("button", { name: "This is solved" }));
  });
}

async function asksSomething(visit) {
  const { page } = visit;
  await visit.step("asks something new", async () => {
    await visit.leadingOn(() => page.getByRole("link", { name: "New request" }).click());
    await visit.look("new-request");
    await page.getByLabel("Subject").fill("A second key for the gate");
    await page.getByLabel("What happened?").fill("We lost one of the two keys. What does another one cost?");
    await page.getByLabel("Pictures or files").setInputFiles({ name: "key.txt", mimeType: "text/plain", buffer: Buffer.from("Number 41\n") });
    await visit.press("Send request");
    await visit.sees(page.locator(".msg", { hasText: "one of the two keys" }));
    await visit.sees(page.locator(".files a", { hasText: "key.txt" }));
    await visit.look("request-new");
  });
}
