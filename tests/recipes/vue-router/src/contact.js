export default {
  setup: () => {
    document.title = 'Contact';
  },
  template: '<main><h1>Contact</h1><p id="late" data-fg-show="e-bikes" hidden>Ask about e-bikes</p></main>',
};
