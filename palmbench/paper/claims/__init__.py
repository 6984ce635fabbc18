"""The paper's findings, checked one by one."""
