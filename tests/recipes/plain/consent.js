window.firstglance = window.firstglance || function () { (firstglance.q = firstglance.q || []).push(arguments); };

const banner = document.querySelector('#consent');
for (const button of banner.querySelectorAll('button')) {
  button.addEventListener('click', () => {
    firstglance('consent', button.value);
    banner.hidden = true;
  });
}
