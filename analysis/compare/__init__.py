"""Two runs of one scenario, or the repeats of each: has what they measure become worse, better, or is there no telling?"""
