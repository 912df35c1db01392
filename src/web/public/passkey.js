/** Asks the browser for a passkey and sends its answer with the form; the server checks it. */
const form = document.querySelector('[data-passkey]');
const problem = form?.querySelector('[data-problem]');

form?.addEventListener('submit', (event) => {
  if (form.elements.response.value !== '') return;
  event.preventDefault();
  void ask();
});

async function ask() {
  problem.textContent = '';
  try {
    const options = JSON.parse(form.dataset.options);
    const credential =
      form.dataset.passkey === 'enrol'
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
          })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
          });
    form.elements.response.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch {
    // The person closed the browser's question, or there is no passkey here: nothing was sent.
    problem.textContent = form.dataset.failed;
  }
}
