"""What all conventions share, of functions and of names.

``arguments`` (of any function: their names, how many, which vary), ``nested`` (inputs that are lists or dictionaries),
``roles`` (what the name of an argument tells), ``gradient_names`` (dW, grad_W, W.grad), ``returned_names`` (what a
function calls what it returns), ``assigning`` (which returned gradient belongs to which input), ``slopes`` (one
measured slope, where names are silent).
"""
