// Passkeys: the node says what is to be signed, the browser asks its person, and
// the answer goes into the form, which is sent like any other.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const withBytes = (list) => (list ?? []).map((c) => ({ ...c, id: bytes(c.id) }));

// A refusal is what the node answered instead, in words.
class Refusal extends Error {}

async function begin(form) {
  const asked = {};
  for (const field of ["passkey", "passkey_password"]) {
    if (form.elements[field]) asked[field === "passkey" ? "name" : "password"] = form.elements[field].value;
  }
  const answer = await fetch(form.dataset.begin, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) });
  const said = await answer.json();
  if (!answer.ok) throw new Refusal(said.errors?.map((e) => e.message).join(" ") || said.detail);
  return said.options;
}

async function create(o) {
  const made = await navigator.credentials.create({ publicKey: { ...o, challenge: bytes(o.challenge),
    user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: withBytes(o.excludeCredentials) } });
  return answered(made, { attestationObject: text(made.response.attestationObject) });
}

async function get(o) {
  const found = await navigator.credentials.get({ publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: withBytes(o.allowCredentials) } });
  const r = found.response;
  return answered(found, { authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: r.userHandle ? text(r.userHandle) : "" });
}

function answered(credential, response) {
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type,
    response: { clientDataJSON: text(credential.response.clientDataJSON), ...response } };
}

async function send(form) {
  const fault = form.querySelector("[data-passkey-fault]");
  fault.textContent = "";
  try {
    const o = await begin(form);
    const answer = await (form.dataset.passkey === "create" ? create(o) : get(o));
    form.elements.credential.value = JSON.stringify(answer);
    if (form.elements.passkey_password) form.elements.passkey_password.value = "";
    form.submit();
  } catch (err) {
    const lost = err instanceof TypeError || err instanceof SyntaxError; // the node was not reached
    fault.textContent = err instanceof Refusal ? err.message
      : form.querySelector(lost ? "[data-passkey-lost]" : "[data-passkey-stopped]").content.textContent;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const around = form.parentElement;
  around.querySelector("[data-passkey-none]").hidden = true;
  if (location.origin !== new URL(form.dataset.origin).origin) {
    around.querySelector("[data-passkey-elsewhere]").hidden = false;
  } else if (!window.PublicKeyCredential) {
    around.querySelector("[data-passkey-old]").hidden = false;
  } else {
    form.hidden = false;
    let busy = false; // one press, one question
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      await send(form);
      busy = false;
    });
  }
}
