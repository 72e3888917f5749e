# fish completion for mpynet, which knows itself what fits where.
function __mpynet_candidates
    set -l words (commandline -opc)
    $words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c mpynet -f -a '(__mpynet_candidates)'
